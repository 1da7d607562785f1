package mirra_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"mirra.org/mirra"
)

// What the package leaves out of mirra.h, and why.
var leftOut = map[string]string{
	"mirra_tensors_copy":     "views are copied to slices",
	"mirra_cancel_requested": "a context says so",
	"mirra_error_code":       "the status says it",
	"mirra_result_find":      "Result.Values is a map",

	"mirra_engine_options.log_level": "a slog.Logger has its own",
}

// header gives mirra.h as installed, without its comments.
func header(t *testing.T) string {
	t.Helper()
	folder, err := exec.Command("pkg-config", "--variable=includedir", "mirra").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(folder)), "mirra", "mirra.h"))
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(string(text), "")
}

// sources gives the code of the package.
func sources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range []string{"*.go", "glue.c"} {
		names, _ := filepath.Glob(pattern)
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}

// cgo takes types and layouts from the header. What it cannot see is what the package does not use yet.
func TestThePackageFitsTheHeader(t *testing.T) {
	if mirra.ABIVersion() != 1 || mirra.VersionNumber() == 0 || mirra.Version() == "" {
		t.Errorf("ABI %d, version %s", mirra.ABIVersion(), mirra.Version())
	}
	text, code := header(t), sources(t)
	uses := func(word string) bool { return regexp.MustCompile(`\b` + word + `\b`).MatchString(code) }
	functions := regexp.MustCompile(`MIRRA_API[^;(]*\b(mirra_\w+)\(`).FindAllStringSubmatch(text, -1)
	if len(functions) < 80 {
		t.Fatalf("only %d functions were found", len(functions))
	}
	for _, function := range functions {
		if leftOut[function[1]] == "" && !uses(function[1]) {
			t.Errorf("%s is not used", function[1])
		}
	}
	constants := regexp.MustCompile(`\bMIRRA_[A-Z0-9_]+ =`).FindAllString(text, -1)
	for _, constant := range constants {
		if name := strings.TrimSuffix(constant, " ="); name != "MIRRA_PORT_INPUT" && !uses(name) {
			t.Errorf("%s is not used", name)
		}
	}
	fields := regexp.MustCompile(`[ *(](\w+)(?:\[\d+\])?(?:;|,|\)\()`)
	for _, body := range regexp.MustCompile(`(?s)typedef struct (mirra_\w+) \{(.*?)\n\} `).FindAllStringSubmatch(text, -1) {
		for _, field := range fields.FindAllStringSubmatch(body[2], -1) {
			switch name := field[1]; name {
			case "reserved", "struct_size", "user", "error":
			default:
				if !uses(`(\.|_|)`+name) && leftOut[body[1]+"."+name] == "" {
					t.Errorf("%s.%s is not used", body[1], name)
				}
			}
		}
	}
}
