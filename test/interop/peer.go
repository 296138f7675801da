// A peer made of crypto/tls; test/support/scripted-peer.ts says what it is told.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

type command struct {
	Do             string
	Server         bool
	Cert, Ca, Name string
	Max, Text      string
	Length         int
}

// crypto/tls reads ahead. What comes behind a record may be of the layer below, so it is given no more than that record.
type recordAtATime struct {
	net.Conn
	header []byte
	left   int
}

func (c *recordAtATime) Read(room []byte) (int, error) {
	if len(c.header) == 0 && c.left == 0 {
		header := make([]byte, 5)
		if _, err := io.ReadFull(c.Conn, header); err != nil {
			return 0, err
		}
		c.header, c.left = header, int(header[3])<<8|int(header[4])
	}
	if len(c.header) > 0 {
		count := copy(room, c.header)
		c.header = c.header[count:]
		return count, nil
	}
	if len(room) > c.left {
		room = room[:c.left]
	}
	count, err := c.Conn.Read(room)
	c.left -= count
	return count, err
}

// Of all layers from the outermost, the transport before them.
type peer struct {
	layers []net.Conn
}

func (p *peer) innermost() net.Conn { return p.layers[len(p.layers)-1] }

func (p *peer) start(c command) (map[string]any, error) {
	config := &tls.Config{ServerName: c.Name, RootCAs: x509.NewCertPool()}
	if c.Max == "TLSv1.2" {
		config.MaxVersion = tls.VersionTLS12
	}
	authority, err := os.ReadFile(c.Ca)
	if err != nil {
		return nil, err
	}
	config.RootCAs.AppendCertsFromPEM(authority)
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Cert)
	if err != nil {
		return nil, err
	}
	config.Certificates = []tls.Certificate{pair}
	below := &recordAtATime{Conn: p.innermost()}
	layer := tls.Client(below, config)
	if c.Server {
		layer = tls.Server(below, config)
	}
	if err := layer.Handshake(); err != nil {
		return nil, err
	}
	p.layers = append(p.layers, layer)
	version := map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}
	return map[string]any{"version": version[layer.ConnectionState().Version]}, nil
}

// After CloseWrite the deadline for writes is now, in all layers below as well.
func (p *peer) stop() error {
	if err := p.innermost().(*tls.Conn).CloseWrite(); err != nil {
		return err
	}
	rest, err := io.ReadAll(p.innermost())
	if err == nil && len(rest) > 0 {
		err = errors.New("there was more before close_notify")
	}
	p.layers = p.layers[:len(p.layers)-1]
	for _, layer := range p.layers {
		layer.SetDeadline(time.Time{})
	}
	return err
}

func (p *peer) perform(c command) (map[string]any, error) {
	switch c.Do {
	case "start":
		return p.start(c)
	case "stop":
		return map[string]any{}, p.stop()
	case "write":
		_, err := io.WriteString(p.innermost(), c.Text)
		return map[string]any{}, err
	case "read":
		text := make([]byte, c.Length)
		_, err := io.ReadFull(p.innermost(), text)
		return map[string]any{"text": string(text)}, err
	case "rest":
		text, err := io.ReadAll(p.innermost())
		return map[string]any{"text": string(text)}, err
	case "end":
		return map[string]any{}, p.innermost().Close()
	}
	return nil, errors.New("no such command")
}

func main() {
	transport, err := net.Dial("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		panic(err)
	}
	p := &peer{layers: []net.Conn{transport}}
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var c command
		var answer map[string]any
		err := json.Unmarshal(in.Bytes(), &c)
		if err == nil {
			answer, err = p.perform(c)
		}
		if err != nil {
			answer = map[string]any{"error": err.Error()}
		}
		out.Encode(answer)
	}
}
