package loadgen

import "github.com/lastcall-dev/lastcall/record"

// A short read by a client that knows no retries, as curl in a script.
var _ = register(record.APIRead, apiClient(func(l *apiLoad, api API) (apiHit, func(), error) {
	return plain(l, api, nothing)
}))
