package template

import (
	"reflect"
	"sort"
	"strings"
	"text/template"
	"text/template/parse"
)

// Codes of warnings.
const (
	// Changing says that a function gives another value every time.
	Changing = "TEMPLATE_NOT_DETERMINISTIC"
	// CommitInText says that the text is another one for every commit.
	CommitInText = "TEMPLATE_COMMIT"
)

// changing are the functions that give another value every time or on every machine.
var changing = []string{
	"now", "ago", "uuidv4", "randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt",
	"shuffle", "bcrypt", "htpasswd", "encryptAES", "genPrivateKey", "genCA", "genCAWithKey",
	"genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "getHostByName",
}

// Warning is something that makes the result differ from what the commit alone gives.
type Warning struct {
	Code string
	// Subject is the function or value.
	Subject string
	File    string
	Line    int
}

// remember notes that a function was really called.
func (r *run) remember(name string, function any) any {
	value := reflect.ValueOf(function)
	return reflect.MakeFunc(value.Type(), func(in []reflect.Value) []reflect.Value {
		r.used[name] = true
		if value.Type().IsVariadic() {
			return value.CallSlice(in)
		}
		return value.Call(in)
	}).Interface()
}

// warnings gives one for every changing function that was called and one for the commit, at their first place.
func warnings(set *template.Template, files []File, used map[string]bool) []Warning {
	first := map[string]Warning{}
	for _, file := range files {
		for _, named := range set.Templates() {
			if named.Tree == nil || named.Tree.ParseName != file.Name {
				continue
			}
			walk(named.Tree.Root, func(node parse.Node) {
				subject, code := subjectOf(node, used)
				if subject == "" {
					return
				}
				line := 1 + strings.Count(file.Text[:int(node.Position())], "\n")
				if seen, ok := first[subject]; !ok || seen.File == file.Name && seen.Line > line {
					first[subject] = Warning{Code: code, Subject: subject, File: file.Name, Line: line}
				}
			})
		}
	}
	for name := range used {
		if _, ok := first[name]; !ok {
			first[name] = Warning{Code: Changing, Subject: name, File: "tpl", Line: 1}
		}
	}
	found := make([]Warning, 0, len(first))
	for _, warning := range first {
		found = append(found, warning)
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Subject < found[j].Subject })
	return found
}

func subjectOf(node parse.Node, used map[string]bool) (subject, code string) {
	switch node := node.(type) {
	case *parse.IdentifierNode:
		if used[node.Ident] {
			return node.Ident, Changing
		}
	case *parse.FieldNode:
		if node.Ident[0] == "Commit" {
			return node.String(), CommitInText
		}
	case *parse.VariableNode:
		if len(node.Ident) > 1 && node.Ident[0] == "$" && node.Ident[1] == "Commit" {
			return node.String(), CommitInText
		}
	}
	return "", ""
}

// walk visits all nodes below one.
func walk(node parse.Node, visit func(parse.Node)) {
	if node == nil || reflect.ValueOf(node).IsNil() {
		return
	}
	visit(node)
	branch := func(pipe *parse.PipeNode, list, elseList *parse.ListNode) {
		walk(pipe, visit)
		walk(list, visit)
		walk(elseList, visit)
	}
	switch node := node.(type) {
	case *parse.ListNode:
		for _, child := range node.Nodes {
			walk(child, visit)
		}
	case *parse.ActionNode:
		walk(node.Pipe, visit)
	case *parse.TemplateNode:
		walk(node.Pipe, visit)
	case *parse.PipeNode:
		for _, command := range node.Cmds {
			walk(command, visit)
		}
	case *parse.CommandNode:
		for _, argument := range node.Args {
			walk(argument, visit)
		}
	case *parse.ChainNode:
		walk(node.Node, visit)
	case *parse.IfNode:
		branch(node.Pipe, node.List, node.ElseList)
	case *parse.RangeNode:
		branch(node.Pipe, node.List, node.ElseList)
	case *parse.WithNode:
		branch(node.Pipe, node.List, node.ElseList)
	}
}
