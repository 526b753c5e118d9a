package reports

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lastcall-dev/lastcall/record"
)

// maxText bounds one string from the record, in runes. Names in Kubernetes have at most 253.
const maxText = 2000

// clean makes a string fit to be shown: valid UTF-8, one line, bounded; control characters, and those that change the
// direction of writing, become visible escapes, so that they cannot act on a terminal or rearrange a page.
func clean(s string) string {
	if plain(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "�")
	var b strings.Builder
	shown := 0
	for i, r := range s {
		if shown == maxText {
			fmt.Fprintf(&b, "… (%s more characters)", count(utf8.RuneCountInString(s[i:])))
			break
		}
		shown++
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			b.WriteByte(' ')
		case unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain reports whether there is nothing to clean; nearly every string of a run is so.
func plain(s string) bool {
	if len(s) > maxText {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// tidy returns a copy of the run in which every string is clean. It is exhaustive by construction: it walks the types
// instead of naming fields, so a field that is added later is covered.
func tidy(run *record.Run) *record.Run {
	out := *run
	out.Requests = nil
	v := reflect.New(reflect.TypeOf(out)).Elem()
	copyClean(v, reflect.ValueOf(out))
	out = v.Interface().(record.Run)
	out.Requests = make([]record.Request, len(run.Requests))
	for i, r := range run.Requests {
		out.Requests[i] = tidyRequest(r)
	}
	return &out
}

// tidyRequest names the fields, because there may be hundreds of thousands of requests.
func tidyRequest(r record.Request) record.Request {
	r.Agent, r.Node, r.Class = clean(r.Agent), clean(r.Node), record.Class(clean(string(r.Class)))
	r.Method, r.Path, r.Pod = clean(r.Method), clean(r.Path), clean(r.Pod)
	r.ErrKind, r.Error = record.ErrKind(clean(string(r.ErrKind))), clean(r.Error)
	return r
}

func copyClean(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.String:
		to.SetString(clean(from.String()))
	case reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(from.Type().Elem()))
			copyClean(to.Elem(), from.Elem())
		}
	case reflect.Slice:
		if !from.IsNil() {
			to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
			for i := range from.Len() {
				copyClean(to.Index(i), from.Index(i))
			}
		}
	case reflect.Map:
		copyCleanMap(to, from)
	case reflect.Struct:
		copyCleanStruct(to, from)
	default:
		to.Set(from)
	}
}

func copyCleanMap(to, from reflect.Value) {
	if from.IsNil() {
		return
	}
	to.Set(reflect.MakeMapWithSize(from.Type(), from.Len()))
	for entries := from.MapRange(); entries.Next(); {
		key, value := reflect.New(from.Type().Key()).Elem(), reflect.New(from.Type().Elem()).Elem()
		copyClean(key, entries.Key())
		copyClean(value, entries.Value())
		to.SetMapIndex(key, value)
	}
}

// copyCleanStruct copies unexported fields (those of time.Time) as they are; they hold nothing that is shown as text.
func copyCleanStruct(to, from reflect.Value) {
	to.Set(from)
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() {
			copyClean(to.Field(i), from.Field(i))
		}
	}
}
