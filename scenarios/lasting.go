package scenarios

import (
	"net/http"
	"time"

	"github.com/lastcall-dev/lastcall/record"
)

// messageEvery is the time between two messages of a stream: some dozens of streams at once cost little, and the second at
// which one breaks is known.
const messageEvery = 500 * time.Millisecond

// lastingLoads are streams and watches, each longer than a pod takes from its delete to the end of its lame-duck wait, and
// so many that some are open at any pod at any time. A download is finished instead of handed over, so it is shorter: a pod
// that ends lives for as long as its last one.
func lastingLoads() []record.Load {
	const takes, download = 20 * time.Second, 10 * time.Second
	return []record.Load{
		streamLoad(record.EventStream, "/events", takes, 1),
		streamLoad(record.SocketStream, "/socket", takes, 1),
		streamLoad(record.GRPCStream, "/lastcall.v1.Reference/Count", takes, 1),
		streamLoad(record.ChunkedStream, "/chunks", download, 0.5),
		{Class: record.AppWatch, Rate: 1, Method: http.MethodGet, Path: "/watch", Takes: takes},
	}
}

// streamLoad asks for so many streams a second.
func streamLoad(class record.Class, path string, takes time.Duration, rate float64) record.Load {
	method := http.MethodGet
	if class.OnGRPC() {
		method = http.MethodPost
	}
	return record.Load{Class: class, Rate: rate, Method: method, Path: path + "?for=" + takes.String() + "&every=" + messageEvery.String(), Takes: takes}
}
