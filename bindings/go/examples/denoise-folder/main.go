// Denoise-folder takes the noise out of the pictures of a folder: denoise-folder PICTURES CLEAN
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"mirra.org/mirra"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: denoise-folder PICTURES CLEAN")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed, err := denoiseFolder(ctx, os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
	}
	switch {
	case ctx.Err() != nil:
		os.Exit(130)
	case err != nil || failed > 0:
		os.Exit(1)
	}
}

// denoiseFolder says how many pictures failed. A picture that fails does not keep the others.
func denoiseFolder(ctx context.Context, from, to string) (failed int, err error) {
	files, err := os.ReadDir(from)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(to, 0o777); err != nil {
		return 0, err
	}
	engine, err := mirra.NewEngine(nil)
	if err != nil {
		return 0, err
	}
	defer engine.Close()
	session, err := engine.NewSession("denoise", nil)
	if err != nil {
		return 0, err
	}
	defer session.Close()
	for _, file := range files {
		if !slices.Contains([]string{".png", ".jpg", ".jpeg"}, strings.ToLower(filepath.Ext(file.Name()))) {
			continue
		}
		err := denoise(ctx, session, filepath.Join(from, file.Name()), filepath.Join(to, file.Name()))
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "\r%s: %v", file.Name(), err)
			failed++
		}
		fmt.Fprintln(os.Stderr)
	}
	return failed, nil
}

// denoise writes the result at the end: whole, or not at all.
func denoise(ctx context.Context, session *mirra.Session, from, to string) error {
	picture, err := mirra.ReadPicture(from, nil)
	if err != nil {
		return err
	}
	defer picture.Close()
	clean, _, err := session.ProcessPicture(ctx, picture, &mirra.RunOptions{Progress: func(p mirra.Progress) {
		fmt.Fprintf(os.Stderr, "\r%s %3.0f %%", from, 100*p.Fraction)
	}})
	if err != nil {
		return err
	}
	defer clean.Close()
	return mirra.WriteImage(to, clean, &mirra.WriteOptions{Metadata: picture})
}
