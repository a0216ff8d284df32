// verify: an independent reader of what `renkei log export` wrote.
//
// It knows nothing of renkei but docs/protocol.md: signed notes and trees are
// checked by golang.org/x/mod's sumdb/note and sumdb/tlog as Debian ships
// them. Only the checkpoint's three lines and the text of a .tlog-proof are
// read by hand (tlog.ParseTree knows the Go checksum database's header only).
// Each thing is accepted first and then refused with one bit flipped.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// A log's export, and what its checkpoint says.
type export struct {
	dir      string
	verifier note.Verifier
	tree     tlog.Tree
	origin   string
	flips    int
}

func (x *export) read(name string) []byte {
	b, err := os.ReadFile(filepath.Join(x.dir, name))
	must(err)
	return b
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(1)
	}
}

// refuse demands that what follows from one flipped bit is not accepted.
func (x *export) refuse(what string, err error) {
	if err == nil {
		must(fmt.Errorf("%s: accepted with one bit flipped", what))
	}
	x.flips++
}

func flip(b []byte, bit int) []byte {
	c := append([]byte(nil), b...)
	c[bit/8] ^= 1 << (bit % 8)
	return c
}

// ---- checkpoint ------------------------------------------------------------

func parseHash(s string) (h tlog.Hash, err error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err == nil && len(b) != tlog.HashSize {
		err = errors.New("hash of the wrong length")
	}
	copy(h[:], b)
	return h, err
}

// openCheckpoint verifies the note and reads its body: origin, size, root.
func (x *export) openCheckpoint(msg []byte) (tlog.Tree, string, error) {
	var tree tlog.Tree
	n, err := note.Open(msg, note.VerifierList(x.verifier))
	if err != nil {
		return tree, "", err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != x.verifier.Name() {
		return tree, "", errors.New("checkpoint: not this log's body")
	}
	tree.N, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || tree.N < 0 || strconv.FormatInt(tree.N, 10) != lines[1] {
		return tree, "", errors.New("checkpoint: size")
	}
	tree.Hash, err = parseHash(lines[2])
	return tree, lines[0], err
}

func (x *export) checkCheckpoint() {
	msg := x.read("checkpoint")
	var err error
	x.tree, x.origin, err = x.openCheckpoint(msg)
	must(err)
	// every bit of the text, and every bit of the signature's bytes
	text := bytes.LastIndex(msg, []byte("\n\n")) + 1
	for bit := 0; bit < text*8; bit++ {
		_, _, err := x.openCheckpoint(flip(msg, bit))
		x.refuse("checkpoint's text", err)
	}
	space := bytes.LastIndexByte(msg, ' ')
	sig, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(msg[space:])))
	must(err)
	for bit := 0; bit < len(sig)*8; bit++ {
		bent := base64.StdEncoding.EncodeToString(flip(sig, bit))
		again := append(append([]byte(nil), msg[:space+1]...), bent+"\n"...)
		_, _, err := x.openCheckpoint(again)
		x.refuse("checkpoint's signature", err)
	}
}

// ---- tiles -----------------------------------------------------------------

// tileName is the path of C2SP tlog-tiles: as Go's, without the height.
func tileName(t tlog.Tile) string {
	return strings.Replace(t.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
}

// tiles reads hashes from the export's tiles; one file may be bent. Debian's
// tlog.TileHashReader (0.7) skips the authentication of tiles where several
// subtrees share one, so each tile is followed up to the root here.
type tiles struct {
	x    *export
	bent string
	bit  int
}

// widest is the tile at these coordinates as the tree of N leaves has it.
func (r *tiles) widest(level int, n int64) tlog.Tile {
	w := r.x.tree.N>>(height*level) - n<<height
	if w > 1<<height {
		w = 1 << height
	}
	return tlog.Tile{H: height, L: level, N: n, W: int(w)}
}

func (r *tiles) data(t tlog.Tile) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(r.x.dir, tileName(t)))
	if err == nil && len(b) != t.W*tlog.HashSize {
		err = fmt.Errorf("%s: wrong length", tileName(t))
	}
	if err == nil && tileName(t) == r.bent {
		b = flip(b, r.bit)
	}
	return b, err
}

func (r *tiles) hash(index int64) (tlog.Hash, error) {
	t := tlog.TileForIndex(height, index)
	t = r.widest(t.L, t.N)
	b, err := r.data(t)
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.HashFromTile(t, b, index)
}

func (r *tiles) ReadHashes(indexes []int64) (all []tlog.Hash, err error) {
	for _, i := range indexes {
		h, err := r.hash(i)
		if err != nil {
			return nil, err
		}
		all = append(all, h)
	}
	return all, nil
}

// fold is the hash over a full tile.
func fold(b []byte) tlog.Hash {
	if len(b) == tlog.HashSize {
		return tlog.Hash(*(*[tlog.HashSize]byte)(b))
	}
	return tlog.NodeHash(fold(b[:len(b)/2]), fold(b[len(b)/2:]))
}

// authentic follows a tile to the signed root.
func (r *tiles) authentic(t tlog.Tile) error {
	for t.W == 1<<height {
		b, err := r.data(t)
		if err != nil {
			return err
		}
		h, err := r.hash(tlog.StoredHashIndex(height*(t.L+1), t.N))
		if err != nil {
			return err
		}
		if fold(b) != h {
			return fmt.Errorf("%s: not under its parent", tileName(t))
		}
		t = r.widest(t.L+1, t.N>>height)
	}
	root, err := tlog.TreeHash(r.x.tree.N, r)
	if err == nil && root != r.x.tree.Hash {
		err = errors.New("tiles do not give the signed root")
	}
	return err
}

func (x *export) checkTiles() (n int) {
	must(filepath.Walk(filepath.Join(x.dir, "tile"), func(p string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, err := filepath.Rel(x.dir, p)
		must(err)
		if strings.HasPrefix(name, "tile/entries/") {
			return nil
		}
		t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", height, strings.TrimPrefix(name, "tile/")))
		must(err)
		must((&tiles{x: x}).authentic(t))
		for bit := 0; bit < t.W*tlog.HashSize*8; bit += 1021 {
			x.refuse(name, (&tiles{x, name, bit}).authentic(t))
		}
		n++
		return nil
	}))
	return n
}

// checkBundles holds each entry against its leaf.
func (x *export) checkBundles() (n int64) {
	good := &tiles{x: x}
	for tile := int64(0); n < x.tree.N; tile++ {
		t := tlog.Tile{H: height, L: 0, N: tile, W: 1 << height}
		if x.tree.N-n < int64(t.W) {
			t.W = int(x.tree.N - n)
		}
		name := strings.Replace(tileName(t), "tile/0/", "tile/entries/", 1)
		rest := x.read(name)
		for i := 0; i < t.W; i++ {
			size := int(binary.BigEndian.Uint16(rest))
			entry := rest[2 : 2+size]
			rest = rest[2+size:]
			want, err := good.hash(tlog.StoredHashIndex(0, n))
			must(err)
			if tlog.RecordHash(entry) != want {
				must(fmt.Errorf("%s: entry %d is not leaf %d", name, i, n))
			}
			bent := tlog.RecordHash(flip(entry, int(n)%(size*8)))
			if bent == want {
				must(fmt.Errorf("%s: a flipped bit makes no difference", name))
			}
			x.flips++
			n++
		}
		if len(rest) != 0 {
			must(fmt.Errorf("%s: too long", name))
		}
	}
	return n
}

// ---- proofs ----------------------------------------------------------------

type proof struct {
	index int64
	path  tlog.RecordProof
	tree  tlog.Tree
}

// parseProof reads C2SP tlog-proof without an extra line.
func (x *export) parseProof(b []byte) (p proof, err error) {
	head, checkpoint, ok := strings.Cut(string(b), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" ||
		!strings.HasPrefix(lines[1], "index ") {
		return p, errors.New("not a proof")
	}
	p.index, err = strconv.ParseInt(lines[1][6:], 10, 64)
	if err != nil {
		return p, err
	}
	for _, l := range lines[2:] {
		h, err := parseHash(l)
		if err != nil {
			return p, err
		}
		p.path = append(p.path, h)
	}
	p.tree, _, err = x.openCheckpoint([]byte(checkpoint))
	return p, err
}

func (p *proof) check(entry []byte) error {
	return tlog.CheckRecord(p.path, p.tree.N, p.tree.Hash, p.index, tlog.RecordHash(entry))
}

// An opening shows what a leaf commits to.
type opening struct {
	Type       uint8
	Salt, Body []byte
}

func (o *opening) entry() []byte {
	h := sha256.New()
	h.Write([]byte("renkei-entry"))
	h.Write([]byte{o.Type})
	h.Write(o.Salt)
	h.Write(o.Body)
	return h.Sum([]byte{1})
}

func (x *export) checkProof(name string) {
	p, err := x.parseProof(x.read("proof/" + name + ".tlog-proof"))
	must(err)
	text, err := os.ReadFile(filepath.Join(x.dir, "opening", name+".json"))
	if os.IsNotExist(err) { // expired: the leaf is all there is
		x.checkPath(p, x.bundled(p.index))
		return
	}
	must(err)
	var o opening
	must(json.Unmarshal(text, &o))
	must(p.check(o.entry()))
	bent := o
	bent.Body = flip(o.Body, len(o.Body)*4)
	x.refuse("opening's body", p.check(bent.entry()))
	bent = o
	bent.Salt = flip(o.Salt, 77)
	x.refuse("opening's salt", p.check(bent.entry()))
	bent = o
	bent.Type ^= 2
	x.refuse("opening's type", p.check(bent.entry()))
	x.checkPath(p, o.entry())
}

// bundled is an entry as its bundle has it.
func (x *export) bundled(index int64) []byte {
	t := (&tiles{x: x}).widest(0, index>>height)
	rest := x.read(strings.Replace(tileName(t), "tile/0/", "tile/entries/", 1))
	for i := index & (1<<height - 1); ; i-- {
		size := int(binary.BigEndian.Uint16(rest))
		if i == 0 {
			return rest[2 : 2+size]
		}
		rest = rest[2+size:]
	}
}

func (x *export) checkPath(p proof, entry []byte) {
	must(p.check(entry))
	for i := range p.path {
		p.path[i][i%tlog.HashSize] ^= 4
		x.refuse("inclusion proof", p.check(entry))
		p.path[i][i%tlog.HashSize] ^= 4
	}
	p.index ^= 1
	x.refuse("index", p.check(entry))
}

func (x *export) checkProofs() int {
	all, err := filepath.Glob(filepath.Join(x.dir, "proof", "*.tlog-proof"))
	must(err)
	for _, path := range all {
		x.checkProof(strings.TrimSuffix(filepath.Base(path), ".tlog-proof"))
	}
	return len(all)
}

// checkConsistency reads an add-checkpoint request (C2SP tlog-witness).
func (x *export) checkConsistency(path string) {
	b, err := os.ReadFile(path)
	must(err)
	head, checkpoint, _ := strings.Cut(string(b), "\n\n")
	tree, _, err := x.openCheckpoint([]byte(checkpoint))
	must(err)
	lines := strings.Split(head, "\n")
	from, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "old "), 10, 64)
	must(err)
	old, err := tlog.TreeHash(from, &tiles{x: x})
	must(err)
	var p tlog.TreeProof
	for _, l := range lines[1:] {
		h, err := parseHash(l)
		must(err)
		p = append(p, h)
	}
	must(tlog.CheckTree(p, tree.N, tree.Hash, from, old))
	for i := range p {
		p[i][i%tlog.HashSize] ^= 32
		x.refuse("consistency proof", tlog.CheckTree(p, tree.N, tree.Hash, from, old))
		p[i][i%tlog.HashSize] ^= 32
	}
	old[3] ^= 1
	x.refuse("old root", tlog.CheckTree(p, tree.N, tree.Hash, from, old))
}

func main() {
	if len(os.Args) != 2 {
		must(errors.New("usage: verify DIR"))
	}
	x := &export{dir: os.Args[1]}
	var err error
	x.verifier, err = note.NewVerifier(strings.TrimSpace(string(x.read("log.pub"))))
	must(err)
	x.checkCheckpoint()
	tiles := x.checkTiles()
	entries := x.checkBundles()
	proofs := x.checkProofs()
	consistency, err := filepath.Glob(filepath.Join(x.dir, "consistency", "*"))
	must(err)
	for _, path := range consistency {
		x.checkConsistency(path)
	}
	if tiles == 0 || entries == 0 || proofs == 0 || len(consistency) == 0 {
		must(errors.New("nothing to check"))
	}
	fmt.Printf("%s, %d entries: checkpoint, %d tiles, %d proofs, %d consistency proofs accepted; %d flipped bits refused\n",
		x.origin, entries, tiles, proofs, len(consistency), x.flips)
}
