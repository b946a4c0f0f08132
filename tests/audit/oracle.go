// The checksum database's own packages, asked over standard input: what our trees, tiles and notes
// are held against. One JSON request in, one JSON answer out.
package main

import (
	"encoding/json"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type request struct {
	Leaves   [][]byte // data of the leaves, in order
	Index    int64
	Old, New int64
	Proof    [][]byte
	OldRoot  []byte
	NewRoot  []byte
	Note     string // a signed note to open with Key
	Key      string
	Text     string // a text to sign with Secret
	Secret   string
}

type answer struct {
	Roots       [][]byte          // by size, from 1; what stands for 0 means nothing
	Inclusion   [][]byte          // of leaf Index in the tree of size New
	Consistency [][]byte          // from Old to New
	Tiles       map[string][]byte // of the tree of size New
	Includes    bool
	Consistent  bool
	Opened      string
	Signed      string
	Error       string
}

type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = m[index]
	}
	return found, nil
}

func must(err error) {
	if err != nil {
		json.NewEncoder(os.Stdout).Encode(answer{Error: err.Error()})
		os.Exit(0)
	}
}

func hash(data []byte) (h tlog.Hash) {
	copy(h[:], data)
	return h
}

func hashes(proof [][]byte) (found []tlog.Hash) {
	for _, one := range proof {
		found = append(found, hash(one))
	}
	return found
}

func bytes(proof []tlog.Hash) [][]byte {
	found := [][]byte{}
	for _, one := range proof {
		found = append(found, append([]byte{}, one[:]...))
	}
	return found
}

func trees(asked request) (told answer) {
	var stored memory
	told.Roots = [][]byte{}
	for size := 0; size <= len(asked.Leaves); size++ {
		if size > 0 {
			fresh, err := tlog.StoredHashes(int64(size-1), asked.Leaves[size-1], stored)
			must(err)
			stored = append(stored, fresh...)
		}
		root, err := tlog.TreeHash(int64(size), stored)
		must(err)
		told.Roots = append(told.Roots, append([]byte{}, root[:]...))
	}
	if asked.New > 0 {
		inclusion, err := tlog.ProveRecord(asked.New, asked.Index, stored)
		must(err)
		told.Inclusion = bytes(inclusion)
		leaf := tlog.RecordHash(asked.Leaves[asked.Index])
		root := hash(told.Roots[asked.New])
		told.Includes = tlog.CheckRecord(hashes(asked.Proof), asked.New, root, asked.Index, leaf) == nil
		told.Tiles = map[string][]byte{}
		for _, tile := range tlog.NewTiles(8, 0, asked.New) {
			if tile.W < 256 && int64(tile.W) != asked.New>>(8*tile.L)%256 {
				continue // a partial tile of a smaller tree
			}
			data, err := tlog.ReadTileData(tile, stored)
			must(err)
			told.Tiles[strings.Replace(tile.Path(), "tile/8/", "tile/", 1)] = data
		}
	}
	if asked.Old > 0 {
		consistency, err := tlog.ProveTree(asked.New, asked.Old, stored)
		must(err)
		told.Consistency = bytes(consistency)
		told.Consistent = tlog.CheckTree(hashes(asked.Proof), asked.New, hash(asked.NewRoot), asked.Old, hash(asked.OldRoot)) == nil
	}
	return told
}

func main() {
	var asked request
	must(json.NewDecoder(os.Stdin).Decode(&asked))
	told := trees(asked)
	if asked.Note != "" {
		verifier, err := note.NewVerifier(asked.Key)
		must(err)
		opened, err := note.Open([]byte(asked.Note), note.VerifierList(verifier))
		must(err)
		told.Opened = opened.Text
	}
	if asked.Secret != "" {
		signer, err := note.NewSigner(asked.Secret)
		must(err)
		signed, err := note.Sign(&note.Note{Text: asked.Text}, signer)
		must(err)
		told.Signed = string(signed)
	}
	json.NewEncoder(os.Stdout).Encode(told)
}
