// Denoise-folder takes the noise out of all pictures of a folder.
//
//	denoise-folder [-quality fast] PICTURES CLEAN
//
// It shows how far it is. Ctrl-C stops it at once; no half picture is left.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"mirra.org/mirra"
)

func main() {
	quality := flag.String("quality", "", "fast, balanced or best")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: denoise-folder [-quality fast|balanced|best] PICTURES CLEAN")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := denoise(ctx, flag.Arg(0), flag.Arg(1), *quality)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	}
	switch {
	case ctx.Err() != nil:
		os.Exit(130)
	case err != nil:
		os.Exit(1)
	}
}

// denoise goes over the pictures of a folder. A picture that fails does not keep the others.
func denoise(ctx context.Context, from, to, quality string) error {
	paths, err := pictures(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o777); err != nil {
		return err
	}
	engine, err := mirra.NewEngine(nil)
	if err != nil {
		return err
	}
	defer engine.Close()
	session, err := engine.NewSession("denoise", &mirra.SessionOptions{Quality: quality})
	if err != nil {
		return err
	}
	defer session.Close()
	var failed []error
	for i, path := range paths {
		name := fmt.Sprintf("[%d/%d] %s", i+1, len(paths), filepath.Base(path))
		err := one(ctx, session, path, filepath.Join(to, filepath.Base(path)), func(fraction float64) {
			fmt.Fprintf(os.Stderr, "\r%s %3.0f %%", name, 100*fraction)
		})
		fmt.Fprintln(os.Stderr)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", path, err))
		}
	}
	return errors.Join(failed...)
}

// one denoises a picture. The file is written at the end, whole or not at all.
func one(ctx context.Context, session *mirra.Session, from, to string, tell func(fraction float64)) error {
	picture, err := mirra.ReadPicture(from, nil)
	if err != nil {
		return err
	}
	defer picture.Close()
	clean, _, err := session.ProcessPicture(ctx, picture, &mirra.RunOptions{
		Progress: func(p mirra.Progress) { tell(p.Fraction) },
	})
	if err != nil {
		return err
	}
	defer clean.Close()
	return mirra.WriteImage(to, clean, &mirra.WriteOptions{Metadata: picture})
}

// pictures lists the PNG and JPEG files of a folder.
func pictures(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, entry := range entries {
		ending := strings.ToLower(filepath.Ext(entry.Name()))
		if !entry.IsDir() && slices.Contains([]string{".png", ".jpg", ".jpeg"}, ending) {
			paths = append(paths, filepath.Join(folder, entry.Name()))
		}
	}
	return paths, nil
}
