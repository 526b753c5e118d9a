package loadgen

import "github.com/lastcall-dev/lastcall/record"

// The health check that a load balancer makes: it tells when an API server says that it is about to go.
var _ = register(record.APIReadyz, apiClient(func(l *apiLoad, api API) (apiHit, func(), error) {
	return plain(l, api, nothing)
}))
