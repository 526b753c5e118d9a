package record

// Change is something of the cluster that the command alters, by the kinds of events that say so.
type Change struct {
	Made string // the kind of event that says that it was altered
	// Undone are the kinds of events of which one says, for the same object and later, that it was seen as before.
	Undone []string
	What   string // in words: "namespace"
}

// Foreign is the attribute of an event of the kind Made that says, with "true", that it was so before: it is nobody's to take back.
const Foreign = "before"

// Changes are all that a run may make and has to take back.
func Changes() []Change {
	return []Change{
		{Made: NamespaceMade, Undone: []string{NamespaceGone, NamespaceKept}, What: "namespace"},
		{Made: ProxyStopped, Undone: []string{ProxyResumed}, What: "kube-proxy of node"},
		{Made: NodeCordoned, Undone: []string{NodeUncordoned}, What: "cordon of node"},
		{Made: DatabaseCut, Undone: []string{DatabaseJoined}, What: "network of the database on node"},
		{Made: APIServerChanged, Undone: []string{APIServerRestored}, What: "API server's manifest on node"},
	}
}
