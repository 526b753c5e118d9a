package loadgen

import "github.com/lastcall-dev/lastcall/record"

// A write by a client that knows no retries.
var _ = register(record.APIWrite, apiClient(func(l *apiLoad, api API) (apiHit, func(), error) {
	return plain(l, api, beat)
}))
