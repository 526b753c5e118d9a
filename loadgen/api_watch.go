package loadgen

import (
	"math"
	"strconv"

	"github.com/lastcall-dev/lastcall/record"
)

// Watches on a connection each. They ask for as many seconds as Takes says, so that some are open at any time and new ones
// keep being opened; an API server ends each in order when its time is over. One that an ending API server drains ends in
// order as well, only sooner; one that it cuts off does not (truncated).
var _ = register(record.APIWatch, apiClient(func(l *apiLoad, api API) (apiHit, func(), error) {
	l.spec.Path += "&timeoutSeconds=" + strconv.Itoa(int(math.Ceil(l.spec.Takes.Seconds())))
	return plain(l, api, nothing)
}))
