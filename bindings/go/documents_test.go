package mirra_test

import (
	"bytes"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"mirra.org/mirra"
)

// goRun gives a command that was built of a file or folder of this module.
func goRun(t *testing.T, source string) *exec.Cmd {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return exec.Command(program)
}

func writePicture(t *testing.T, path string, width, height int) {
	t.Helper()
	if err := mirra.WriteImage(path, noisy(width, height), nil); err != nil {
		t.Fatal(err)
	}
}

func TestTheReadmesExampleRuns(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(text), "```go\n")
	example, _, found := strings.Cut(example, "```")
	if !found {
		t.Fatal("README.md has no example")
	}
	source := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(source, []byte(example), 0o666); err != nil {
		t.Fatal(err)
	}
	command := goRun(t, source)
	command.Dir = t.TempDir()
	writePicture(t, filepath.Join(command.Dir, "photo.png"), 40, 30)
	if out, err := command.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("noise level ")) {
		t.Fatalf("%v\n%s", err, out)
	}
	clean, err := mirra.ReadPicture(filepath.Join(command.Dir, "clean.png"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := clean.Info(); err != nil || info.Width != 40 || info.Height != 30 {
		t.Errorf("%+v %v", info, err)
	}
}

func TestTheProgramForAFolderIsAsInEveryLanguage(t *testing.T) {
	program := goRun(t, "./examples/denoise-folder").Path
	if out, err := exec.Command("../../tests/hosts/check_folder_program", program).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestEverythingIsDocumented(t *testing.T) {
	files := token.NewFileSet()
	var sources []*ast.File
	names, _ := filepath.Glob("*.go")
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, file)
	}
	p, err := doc.NewFromFiles(files, sources, "mirra.org/mirra")
	if err != nil {
		t.Fatal(err)
	}
	said := func(name, text string) {
		if strings.TrimSpace(text) == "" {
			t.Errorf("%s has no comment", name)
		}
	}
	said("the package", p.Doc)
	for _, f := range p.Funcs {
		said(f.Name, f.Doc)
	}
	for _, kind := range p.Types {
		said(kind.Name, kind.Doc)
		for _, f := range append(kind.Funcs, kind.Methods...) {
			said(kind.Name+"."+f.Name, f.Doc)
		}
	}
}
