// Package reports renders a judged run: for people as a page, a table and a summary, for machines as JUnit and workflow
// commands. It decides nothing: verdicts, diagnoses and advice are taken from the record as they are.
//
// Whatever is in a record came over a network once. So every string passes through tidy before it is rendered, and is
// escaped for its format by the format's own means: it is data, never markup.
package reports
