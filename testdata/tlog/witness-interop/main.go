// Command witness-interop lets programs that we did not write meet our witness, and our checkpoints.
//
//	witness-interop append DIR SKEY VKEY POLICY COUNT   appends COUNT entries to a Tessera log in DIR that asks the policy's witnesses
//	witness-interop open VKEY POLICY                    opens the signed note on standard input with the keys of log and witnesses
//	witness-interop cosign VKEY SKEY                    cosigns the note on standard input and prints it
//
// The first two print one JSON document. Anything that the libraries refuse ends the program with status 1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	fnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// opened is what the libraries found on a signed note.
type opened struct {
	Text string `json:"text"`
	// Verified are the names of the keys whose signatures hold.
	Verified []string `json:"verified"`
	// Unverified counts the lines of keys that nobody named.
	Unverified int `json:"unverified"`
	// Satisfied is what Tessera's own policy says of the note.
	Satisfied bool `json:"satisfied"`
	// Times are those of the cosignatures, in Unix seconds.
	Times []int64 `json:"times"`
	Note  string  `json:"note"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 6 && args[0] == "append":
		return appendEntries(args[1], args[2], args[3], args[4], args[5])
	case len(args) == 3 && args[0] == "open":
		signed, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		return printOpened(signed, args[1], args[2])
	case len(args) == 3 && args[0] == "cosign":
		signed, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		return cosign(signed, args[1], args[2])
	}
	return errors.New("append DIR SKEY VKEY POLICY COUNT, open VKEY POLICY, or cosign VKEY SKEY")
}

func appendEntries(dir, skey, vkey, policyFile, count string) error {
	entries, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	witnesses, err := readPolicy(policyFile)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(100*time.Millisecond).
		WithBatching(uint(entries), 50*time.Millisecond).
		WithWitnesses(witnesses, &tessera.WitnessOptions{Timeout: 10 * time.Second})
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	// What is awaited is a published checkpoint, and Tessera publishes none that its witnesses have not cosigned.
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 50*time.Millisecond)
	futures := make([]tessera.IndexFuture, entries)
	for at := range futures {
		futures[at] = appender.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "entry %d of %d, %s", at, entries, time.Now())))
	}
	var checkpoint []byte
	for _, future := range futures {
		if _, checkpoint, err = awaiter.Await(ctx, future); err != nil {
			return err
		}
	}
	if err := shutdown(ctx); err != nil {
		return err
	}
	return printOpened(checkpoint, vkey, policyFile)
}

func cosign(signed []byte, vkey, skey string) error {
	log, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	parsed, err := note.Open(signed, note.VerifierList(log))
	if err != nil {
		return err
	}
	signer, err := fnote.NewSignerForCosignatureV1(skey)
	if err != nil {
		return err
	}
	cosigned, err := note.Sign(parsed, signer)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(cosigned)
	return err
}

func readPolicy(file string) (tessera.WitnessGroup, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return tessera.WitnessGroup{}, err
	}
	return tessera.NewWitnessGroupFromPolicy(text)
}

func printOpened(signed []byte, vkey, policyFile string) error {
	group, err := readPolicy(policyFile)
	if err != nil {
		return err
	}
	log, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	verifiers := []note.Verifier{log}
	for _, witness := range group.Endpoints() {
		verifiers = append(verifiers, witness)
	}
	parsed, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return err
	}
	found := opened{Text: parsed.Text, Unverified: len(parsed.UnverifiedSigs), Satisfied: group.Satisfied(signed), Note: string(signed)}
	for _, signature := range parsed.Sigs {
		found.Verified = append(found.Verified, signature.Name)
		if signature.Name == log.Name() && signature.Hash == log.KeyHash() {
			continue
		}
		made, err := fnote.CoSigV1Timestamp(signature)
		if err != nil {
			return err
		}
		found.Times = append(found.Times, made.Unix())
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}
