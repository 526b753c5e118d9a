// Package agent is the process inside the cluster that runs traffic, keeps its records and hands them over.
//
// An agent gets its plan from a file, waits until it is started, and from then on needs nobody: it goes on while the API
// server, the network to the command or the command itself are gone, until it is asked to stop or its deadline passes.
// The command talks to it with a Client; every call may be repeated, because its answer may have been lost.
package agent
