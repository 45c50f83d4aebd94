package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"math/rand/v2"
	"net"
	"net/url"
	"time"
)

// A drawer draws certificates. Which ones depends on its seed alone; Go makes their keys and signatures anew each time.
type drawer struct {
	*rand.Rand
	keys []crypto.Signer
}

// A signed certificate and its key.
type signed struct {
	*x509.Certificate
	key crypto.Signer
}

// runCertificates reads and verifies chains that are drawn at random, with bytes changed here and there; and keys and requests.
func (r *runner) runCertificates(string) error {
	d, err := newDrawer(r.seed)
	if err != nil {
		return err
	}
	table := newTable("certificates")
	for _, kind := range []struct {
		name  string
		arity int
		draw  func() []any
	}{
		{"crypto.x509.parse_certificates", 1, func() []any { return []any{d.text(d.chain(1+d.IntN(2)), true)} }},
		{"crypto.x509.parse_and_verify_certificates", 1, func() []any { return []any{d.text(d.chain(2+d.IntN(3)), d.chance(0.05))} }},
		{"crypto.x509.parse_and_verify_certificates_with_options", 2, func() []any { return []any{d.text(d.chain(2+d.IntN(3)), false), d.options()} }},
		{"crypto.x509.parse_certificate_request", 1, func() []any { return []any{d.encoded(d.request())} }},
		{"crypto.parse_private_keys", 1, func() []any { return []any{d.encoded(d.privateKey())} }},
	} {
		c, err := newCall(kind.name, kind.arity)
		if err != nil {
			return err
		}
		for range r.mutations / 5 {
			operands := kind.draw()
			r.take(table, kind.name, "drawn", func() (error, string) { return c.judge(operands...), "" })
		}
		c.engine.Close()
	}
	table.print(r.only != "")
	return nil
}

func newDrawer(seed uint64) (*drawer, error) {
	d := &drawer{Rand: rand.New(rand.NewPCG(seed, 2))}
	for _, curve := range []elliptic.Curve{elliptic.P224(), elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key, err := ecdsa.GenerateKey(curve, cryptorand.Reader)
		if err != nil {
			return nil, err
		}
		d.keys = append(d.keys, key)
	}
	_, key, err := ed25519.GenerateKey(cryptorand.Reader)
	if err != nil {
		return nil, err
	}
	rsaKey, err := rsa.GenerateKey(cryptorand.Reader, 2048)
	d.keys = append(d.keys, key, rsaKey)
	return d, err
}

func (d *drawer) chance(p float64) bool { return d.Float64() < p }

func pick[T any](d *drawer, from ...T) T { return from[d.IntN(len(from))] }

// some takes each with the same chance.
func some[T any](d *drawer, p float64, from ...T) []T {
	var found []T
	for _, one := range from {
		if d.chance(p) {
			found = append(found, one)
		}
	}
	return found
}

func (d *drawer) name() pkix.Name {
	return pkix.Name{CommonName: pick(d, "", "a", "b", "ü"), Country: some(d, 0.3, "DE"), Organization: some(d, 0.3, "O & P", "*"), SerialNumber: pick(d, "", "7")}
}

func (d *drawer) networks() []*net.IPNet {
	return some(d, 0.3, &net.IPNet{IP: net.IP{10, 0, 0, 0}, Mask: net.CIDRMask(8, 32)}, &net.IPNet{IP: net.IP{10, 1, 0, 0}, Mask: net.CIDRMask(16, 32)}, &net.IPNet{IP: net.IPv6zero, Mask: net.CIDRMask(0, 128)})
}

func (d *drawer) domains() []string {
	return some(d, 0.3, "example.com", ".example.com", "a.example.com", "test", "A.Example.com", "")
}

func (d *drawer) policies() []x509.OID {
	var found []x509.OID
	for _, numbers := range some(d, 0.5, []uint64{2, 5, 29, 32, 0}, []uint64{1, 2, 3}, []uint64{2, 1 << 40, 7}) {
		if oid, err := x509.OIDFromInts(numbers); err == nil {
			found = append(found, oid)
		}
	}
	return found
}

func (d *drawer) template(authority bool) *x509.Certificate {
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: new(big.Int).Lsh(big.NewInt(1), uint(d.IntN(150))), Subject: d.name(), IsCA: authority, BasicConstraintsValid: true, MaxPathLen: -1,
		NotBefore: now.Add(-time.Hour), NotAfter: pick(d, now.Add(time.Hour), time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)),
		OCSPServer: some(d, 0.2, "http://ocsp"), CRLDistributionPoints: some(d, 0.2, "http://crl", "ldap://x"), Policies: d.policies(),
	}
	if d.chance(0.05) {
		t.NotAfter = now.Add(-time.Minute)
	}
	if d.chance(0.1) {
		t.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: d.chance(0.2), Value: []byte("v")}}
	}
	if !authority {
		u, _ := url.Parse(pick(d, "spiffe://example.com/a%2fb", "http://u@test:1/?q#f", "urn:x"))
		t.DNSNames = some(d, 0.3, "example.com", "*.example.com", "a.example.com", "b.test", "x")
		t.EmailAddresses = some(d, 0.2, "ada@example.com", "\"a b\"@test")
		t.IPAddresses = some(d, 0.2, net.IP{10, 1, 2, 3}, net.IPv6loopback)
		t.URIs = some(d, 0.2, u)
		t.ExtKeyUsage = some(d, 0.3, x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth)
		return t
	}
	t.KeyUsage = pick(d, x509.KeyUsageCertSign, 0)
	if d.chance(0.4) {
		t.PermittedDNSDomains, t.ExcludedDNSDomains, t.PermittedDNSDomainsCritical = d.domains(), some(d, 0.1, "test", "a.example.com"), d.chance(0.5)
		t.PermittedIPRanges, t.ExcludedURIDomains, t.PermittedEmailAddresses = some(d, 0.3, d.networks()...), some(d, 0.1, "test"), some(d, 0.2, "example.com")
	}
	return t
}

// chain is a root and those below it, the leaf last.
func (d *drawer) chain(length int) [][]byte {
	var found [][]byte
	var parent *signed
	for len(found) < length {
		t, key := d.template(len(found)+1 < length), pick(d, d.keys...)
		issuer, by := t, key
		if parent != nil {
			issuer, by = parent.Certificate, parent.key
		}
		der, err := x509.CreateCertificate(cryptorand.Reader, t, issuer, key.Public(), by)
		if err != nil {
			continue
		}
		one, err := x509.ParseCertificate(der)
		if err != nil {
			continue
		}
		parent, found = &signed{one, key}, append(found, der)
	}
	return found
}

// changed is the bytes with one of them changed, or gone.
func (d *drawer) changed(der []byte) []byte {
	at, changed := d.IntN(len(der)), append([]byte{}, der...)
	switch d.IntN(4) {
	case 0:
		return changed[:at]
	case 1:
		changed[at] ^= 1 << d.IntN(8)
	default:
		changed[at] = byte(d.IntN(256))
	}
	return changed
}

func (d *drawer) text(all [][]byte, change bool) string {
	var der, text []byte
	for _, one := range all {
		if change && d.chance(0.6) {
			one = d.changed(one)
		}
		der, text = append(der, one...), append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one})...)
	}
	return pick(d, string(text), base64.StdEncoding.EncodeToString(text), base64.StdEncoding.EncodeToString(der))
}

func (d *drawer) encoded(kind string, der []byte) string {
	if d.chance(0.6) {
		der = d.changed(der)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	return pick(d, string(text), base64.StdEncoding.EncodeToString(text))
}

func (d *drawer) options() map[string]any {
	options := map[string]any{"KeyUsages": some(d, 0.6, "KeyUsageAny", "KeyUsageServerAuth", "KeyUsageClientAuth")}
	if options["KeyUsages"].([]string) == nil {
		delete(options, "KeyUsages")
	}
	if d.chance(0.2) {
		options["DNSName"] = pick(d, "example.com", "b.example.com", "10.1.2.3", "[::1]")
	}
	if d.chance(0.1) {
		options["CurrentTime"] = pick[any](d, 0, time.Now().UnixNano(), "now")
	}
	return options
}

func (d *drawer) request() (string, []byte) {
	u, _ := url.Parse("spiffe://example.com/a")
	t := &x509.CertificateRequest{Subject: d.name(), DNSNames: some(d, 0.3, "a.test"), IPAddresses: some(d, 0.3, net.IP{1, 2, 3, 4}), URIs: some(d, 0.3, u)}
	der, err := x509.CreateCertificateRequest(cryptorand.Reader, t, pick(d, d.keys...))
	if err != nil {
		return "CERTIFICATE REQUEST", []byte{0}
	}
	return "CERTIFICATE REQUEST", der
}

func (d *drawer) privateKey() (string, []byte) {
	key := pick(d, d.keys...)
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key)
	case *ecdsa.PrivateKey:
		if der, err := x509.MarshalECPrivateKey(key); err == nil && d.chance(0.5) {
			return "EC PRIVATE KEY", der
		}
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "PRIVATE KEY", []byte{0}
	}
	return "PRIVATE KEY", der
}
