// Command oracle asks OPA itself, so that tests compare sark with OPA and not with anyone's reading of its documentation.
//
//	oracle dir                                              the directory of OPA's ACI test data (policies, data, input)
//	oracle aci                                              OPA's answer to data.framework.mount_overlay over that data
//	oracle decide POLICY_DIR DATA_JSON REQUESTS_JSONL PATH  OPA's answer to each request, one line each:
//	                                                        JSON, "undefined", or "error CODE"
//	oracle cases CASES_JSON...                              has OPA take the cases of tests/cases, and fails where one of them
//	                                                        expects what OPA does not say
//	oracle calls                                            OPA's answers to calls of builtins: JSON lines in and out
//
// The module also pins OPA's own command: `go build github.com/open-policy-agent/opa` works from this directory.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
)

const usage = "usage: oracle dir | aci | decide POLICY_DIR DATA_JSON REQUESTS_JSONL PATH | cases CASES_JSON... | calls"

func main() {
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	err := run(context.Background(), os.Args[1:], out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "dir":
		dir, err := aciDir(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, dir)
		return err
	case len(args) == 1 && args[0] == "aci":
		return aci(ctx, out)
	case len(args) == 5 && args[0] == "decide":
		return decide(ctx, args[1], args[2], args[3], args[4], out)
	case len(args) > 1 && args[0] == "cases":
		return checkCases(ctx, args[1:], out)
	case len(args) == 1 && args[0] == "calls":
		return answerCalls(ctx, os.Stdin, out)
	}
	return fmt.Errorf("%s", usage)
}
