package enroll

import (
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"tandem/overlay/cert"
	"tandem/overlay/config"
)

// The files of an identity. The certificate is written last: where it is, all are.
const (
	KeyFile         = "key.pem"
	CertificateFile = "cert.pem"
	DocumentFile    = "overlay.xml"
)

// directory holds an identity.
type directory string

// prepare makes the directory and refuses one that is in use. It tells which directories were not there before, the
// innermost first.
func prepare(dir string) (d directory, made []string, err error) {
	made = missing(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		removeEmpty(made)
		return "", nil, fmt.Errorf("make the directory of the identity: %w", err)
	}
	if _, err := os.Stat(filepath.Join(dir, CertificateFile)); !errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%w: %s", ErrEnrolled, dir)
	}
	return directory(dir), made, nil
}

// missing lists dir and those above it that are not there.
func missing(dir string) (dirs []string) {
	for dir = filepath.Clean(dir); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			return dirs
		}
		dirs = append(dirs, dir)
	}
}

// removeEmpty removes directories as far as nothing is in them.
func removeEmpty(dirs []string) {
	for _, dir := range dirs {
		if os.Remove(dir) != nil {
			return
		}
	}
}

// dropKey removes a key that no certificate will ever be for.
func (d directory) dropKey() error {
	if err := os.Remove(filepath.Join(string(d), KeyFile)); err != nil {
		return fmt.Errorf("remove the key: %w", err)
	}
	return nil
}

// newKey makes a key and writes it down.
func (d directory) newKey() (crypto.Signer, error) {
	key, err := cert.NewKey()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	pem, err := cert.EncodeKey(key)
	if err != nil {
		return nil, err
	}
	return key, d.put(KeyFile, pem)
}

func (d directory) write(id *cert.Identity, doc *config.Document) error {
	if err := d.put(DocumentFile, doc.Raw); err != nil {
		return err
	}
	return d.put(CertificateFile, cert.EncodeCertificate(id.Certificate.Raw))
}

// put replaces a file at once and for good: after a crash there is the old one or the new one.
func (d directory) put(name string, data []byte) error {
	f, err := os.CreateTemp(string(d), name+".*") // mode 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(string(d), name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// Load reads what Client left in dir.
func Load(dir string) (*cert.Identity, *config.Document, error) {
	var failed error
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, name))
		failed = errors.Join(failed, err)
		return data
	}
	keyPEM, certPEM, raw := read(KeyFile), read(CertificateFile), read(DocumentFile)
	if failed != nil {
		return nil, nil, fmt.Errorf("load the identity: %w", failed)
	}
	doc, err := config.Parse(raw, "")
	if err != nil {
		return nil, nil, fmt.Errorf("load the identity: %w", err)
	}
	id, err := decode(keyPEM, certPEM, doc.InstanceName)
	if err != nil {
		return nil, nil, fmt.Errorf("load the identity: %w", err)
	}
	return id, doc, nil
}

func decode(keyPEM, certPEM []byte, overlay string) (*cert.Identity, error) {
	key, err := cert.DecodeKey(keyPEM)
	if err != nil {
		return nil, err
	}
	der, err := cert.DecodeCertificate(certPEM)
	if err != nil {
		return nil, err
	}
	return cert.NewIdentity(der, key, overlay)
}
