// The checksum database's own packages, asked over standard input: what our trees, tiles and notes
// are held against. One JSON request in, one JSON answer out.
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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
	Witness  string // the key of a cosignature that Note must bear as well
	Seed     []byte // cosigns Text as Name at Time
	Name     string
	Time     uint64
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
	Signers     []string // whose signatures of Note hold
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

// cosigner is what C2SP tlog-cosignature says of Ed25519, as a verifier and a signer of notes.
type cosigner struct {
	name    string
	public  ed25519.PublicKey
	private ed25519.PrivateKey
	time    uint64
}

func (c cosigner) Name() string { return c.name }

func (c cosigner) KeyHash() uint32 {
	sum := sha256.Sum256(append([]byte(c.name+"\n\x04"), c.public...))
	return binary.BigEndian.Uint32(sum[:4])
}

func message(time uint64, text []byte) []byte {
	return []byte(fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text))
}

func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature)
	return ed25519.Verify(c.public, message(time, text), signature[8:])
}

func (c cosigner) Sign(text []byte) ([]byte, error) {
	signature := binary.BigEndian.AppendUint64(nil, c.time)
	return append(signature, ed25519.Sign(c.private, message(c.time, text))...), nil
}

func cosignerOf(vkey string) (c cosigner, err error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return c, errors.New("no key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return c, errors.New("no key of a cosigner")
	}
	c = cosigner{name: parts[0], public: key[1:]}
	if hash := binary.BigEndian.AppendUint32(nil, c.KeyHash()); hex.EncodeToString(hash) != parts[1] {
		return c, errors.New("another id")
	}
	return c, nil
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
		known := []note.Verifier{verifier}
		if asked.Witness != "" {
			witness, err := cosignerOf(asked.Witness)
			must(err)
			known = append(known, witness)
		}
		opened, err := note.Open([]byte(asked.Note), note.VerifierList(known...))
		must(err)
		told.Opened = opened.Text
		for _, one := range opened.Sigs {
			told.Signers = append(told.Signers, one.Name)
		}
	}
	if asked.Secret != "" {
		signer, err := note.NewSigner(asked.Secret)
		must(err)
		signed, err := note.Sign(&note.Note{Text: asked.Text}, signer)
		must(err)
		told.Signed = string(signed)
	}
	if asked.Seed != nil {
		private := ed25519.NewKeyFromSeed(asked.Seed)
		signer := cosigner{asked.Name, private.Public().(ed25519.PublicKey), private, asked.Time}
		signed, err := note.Sign(&note.Note{Text: asked.Text}, signer)
		must(err)
		told.Signed = string(signed)
	}
	json.NewEncoder(os.Stdout).Encode(told)
}
