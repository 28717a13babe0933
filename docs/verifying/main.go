// Verifies Writ's audit log with Go's own libraries and nothing of Writ's:
//
//	verify proof KEY FILE              a .tlog-proof, with its entry as the extra data
//	verify log KEY FOLDER              a copy of /v1/log: checkpoint, tile/..., tile/entries/...
//	verify growth KEY OLD NEW HASHES   that the checkpoint NEW begins with all of OLD; HASHES has one base64 hash a line
//
// Build it with Debian's golang-go and golang-golang-x-mod-dev, without any network:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode CGO_ENABLED=0 go build -o verify main.go
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "proof":
		return proof(args[1], args[2])
	case len(args) == 3 && args[0] == "log":
		return wholeLog(args[1], args[2])
	case len(args) == 5 && args[0] == "growth":
		return growth(args[1], args[2], args[3], args[4])
	}
	return fmt.Errorf("usage: verify proof KEY FILE | log KEY FOLDER | growth KEY OLD NEW HASHES")
}

// open checks the signature of a checkpoint and reads its three lines.
func open(key string, signed []byte) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("this is no checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func proof(key, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, signed, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return fmt.Errorf("%s is no proof with its entry", file)
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	hashes, err := parse(lines[3:])
	if err != nil {
		return err
	}
	tree, err := open(key, []byte(signed))
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(hashes, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	fmt.Printf("entry %d of %d: %s\n", index, tree.N, entry)
	return nil
}

// folder reads tiles as C2SP names them, where Go's own names have the height in between.
type folder string

func (f folder) Height() int                           { return 8 }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte)   {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		bytes, err := os.ReadFile(filepath.Join(string(f), strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, bytes)
	}
	return all, nil
}

func wholeLog(key, path string) error {
	signed, err := os.ReadFile(filepath.Join(path, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := open(key, signed)
	if err != nil {
		return err
	}
	// The reader believes a tile only after it led to the signed root.
	reader := tlog.TileHashReader(tree, folder(path))
	for first := int64(0); first < tree.N; first += 256 {
		width := tree.N - first
		name := strings.Replace(tlog.Tile{H: 8, L: 0, N: first / 256, W: 256}.Path(), "tile/8/0/", "tile/entries/", 1)
		if width < 256 {
			name = fmt.Sprintf("%s.p/%d", name, width)
		} else {
			width = 256
		}
		bundle, err := os.ReadFile(filepath.Join(path, name))
		if err != nil {
			return err
		}
		for index := first; index < first+width; index++ {
			if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("%s is cut", name)
			}
			entry := bundle[2 : 2+binary.BigEndian.Uint16(bundle)]
			bundle = bundle[2+len(entry):]
			hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
			if err != nil {
				return err
			}
			if hashes[0] != tlog.RecordHash(entry) {
				return fmt.Errorf("entry %d is not the one that was signed", index)
			}
		}
		if len(bundle) > 0 {
			return fmt.Errorf("%s is too long", name)
		}
	}
	fmt.Printf("%d entries, root %v\n", tree.N, tree.Hash)
	return nil
}

func growth(key, older, newer, file string) error {
	var trees [2]tlog.Tree
	for at, path := range []string{older, newer} {
		signed, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if trees[at], err = open(key, signed); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	hashes, err := parse(strings.Fields(string(text)))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(hashes, trees[1].N, trees[1].Hash, trees[0].N, trees[0].Hash); err != nil {
		return err
	}
	fmt.Printf("the log of %d entries begins with the log of %d\n", trees[1].N, trees[0].N)
	return nil
}

func parse(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
