// SPDX-License-Identifier: Apache-2.0

// Package s3target is a target of replication in object storage that speaks the S3 protocol: that of AWS, MinIO, R2
// and others. What it needs of a store is that it refuses a PUT with the header "If-None-Match: *" for a name that
// exists; target.Probe finds out whether it does.
//
// Each object is one request, never one of several parts, so none is ever partial.
package s3target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/lsmlite/lsmlite-go/replicate/target"
)

// DefaultEndpoint is the server that is used unless the URL names one.
const DefaultEndpoint = "https://s3.amazonaws.com"

// Attempts is how often the client sends a request that fails, before the caller hears of it and sends it again later.
const Attempts = 3

// Options say what a URL does not.
type Options struct {
	// Transport is used in place of one with the defaults of the client.
	Transport http.RoundTripper
	// Credentials are used in place of those of the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, those of
	// MinIO, the file of AWS's tools, or the role of the machine.
	Credentials *credentials.Credentials
	// Attempts is how often a request that fails is sent; 0 is the constant of that name.
	Attempts int
}

// S3 is a prefix of a bucket.
type S3 struct {
	client         *minio.Client
	bucket, prefix string // the prefix ends with a slash, or is empty
	shown          string
	idle           func()
}

var _ target.Target = (*S3)(nil)

// Open takes a URL, s3://bucket/prefix. Its parameters are endpoint, a URL that begins with http or https; region; and
// path_style=1, for servers that want the bucket in the path. It sends no request.
func Open(rawURL string, o Options) (*S3, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("s3: the URL cannot be read; want s3://bucket/prefix") // the error would show the URL
	}
	s := &S3{bucket: u.Host, prefix: strings.Trim(u.Path, "/")}
	if u.Scheme != "s3" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("s3: want s3://bucket/prefix, without a user: keys come from the environment")
	}
	if s.prefix != "" {
		s.prefix += "/"
	}
	s.shown = "s3://" + s.bucket + "/" + s.prefix
	endpoint := DefaultEndpoint
	settings := minio.Options{MaxRetries: o.Attempts, Creds: o.Credentials, Transport: o.Transport}
	for name, values := range u.Query() {
		value := values[len(values)-1]
		switch name {
		case "endpoint":
			endpoint = value
		case "region":
			settings.Region = value
		case "path_style":
			switch value {
			case "1", "true":
				settings.BucketLookup = minio.BucketLookupPath
			case "0", "false":
			default:
				return nil, fmt.Errorf("%s: path_style=%s; want 0 or 1", s.shown, value)
			}
		default:
			return nil, fmt.Errorf("%s: unknown parameter %s; want endpoint, region or path_style", s.shown, name)
		}
	}
	server, err := url.Parse(endpoint)
	if err == nil && (server.User != nil || server.RawQuery != "" || server.Fragment != "") {
		return nil, fmt.Errorf("%s: the endpoint must have no user and no parameters: keys come from the environment", s.shown)
	}
	if err != nil || server.Host == "" || server.Scheme != "http" && server.Scheme != "https" || strings.Trim(server.Path, "/") != "" {
		return nil, fmt.Errorf("%s: the endpoint must be a URL of a server, as https://s3.example.org", s.shown)
	}
	settings.Secure = server.Scheme == "https"
	if settings.MaxRetries == 0 {
		settings.MaxRetries = Attempts
	}
	if settings.Creds == nil {
		settings.Creds = credentials.NewChainCredentials([]credentials.Provider{
			&credentials.EnvAWS{}, &credentials.EnvMinio{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
		})
	}
	if settings.Transport == nil {
		t, err := minio.DefaultTransport(settings.Secure)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.shown, err)
		}
		settings.Transport, s.idle = t, t.CloseIdleConnections
	}
	if s.client, err = minio.New(server.Host, &settings); err != nil {
		return nil, fmt.Errorf("%s: %w", s.shown, err)
	}
	return s, nil
}

// Create implements target.Target.
func (s *S3) Create(ctx context.Context, name string, data []byte) error {
	if len(data) > target.MaxObject {
		return fmt.Errorf("create %s%s: %w", s.shown, name, target.ErrTooBig)
	}
	o := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true}
	o.SetMatchETagExcept("*")
	_, err := s.client.PutObject(ctx, s.bucket, s.prefix+name, bytes.NewReader(data), int64(len(data)), o)
	return s.failed(ctx, "create", name, err)
}

// failed says which request an error is of.
func (s *S3) failed(ctx context.Context, op, name string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch answer := minio.ToErrorResponse(err); {
	case answer.StatusCode == http.StatusPreconditionFailed:
		err = target.ErrExists
	case answer.Code == "NoSuchKey":
		err = target.ErrNotFound
	default:
		err = s.hide(err)
	}
	return fmt.Errorf("%s %s%s: %w", op, s.shown, name, err)
}

// Get implements target.Target.
func (s *S3) Get(ctx context.Context, name string) ([]byte, error) {
	body, info, _, err := minio.Core{Client: s.client}.GetObject(ctx, s.bucket, s.prefix+name, minio.GetObjectOptions{})
	if err != nil {
		return nil, s.failed(ctx, "get", name, err)
	}
	defer func() { _ = body.Close() }()
	data, err := target.ReadObject(s.shown+name, body)
	if err == nil && int64(len(data)) != info.Size {
		err = fmt.Errorf("%d of %d bytes came", len(data), info.Size)
	}
	if err != nil {
		return nil, s.failed(ctx, "get", name, err)
	}
	return data, nil
}

// List implements target.Target.
func (s *S3) List(ctx context.Context, prefix, after string) iter.Seq2[target.Info, error] {
	return func(yield func(target.Info, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		o := minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}
		if after != "" {
			o.StartAfter = s.prefix + after
		}
		for object := range s.client.ListObjectsIter(ctx, s.bucket, o) {
			if object.Err != nil {
				yield(target.Info{}, s.failed(ctx, "list", prefix, object.Err))
				return
			}
			name := strings.TrimPrefix(object.Key, s.prefix)
			if name <= after { // a server that does not know the parameter
				continue
			}
			if !yield(target.Info{Name: name, Size: object.Size}, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(target.Info{}, err)
		}
	}
}

// Delete implements target.Target.
func (s *S3) Delete(ctx context.Context, name string) error {
	err := s.client.RemoveObject(ctx, s.bucket, s.prefix+name, minio.RemoveObjectOptions{})
	if err = s.failed(ctx, "delete", name, err); errors.Is(err, target.ErrNotFound) {
		return nil
	}
	return err
}

// Close implements target.Target.
func (s *S3) Close() error {
	if s.idle != nil {
		s.idle()
	}
	return nil
}

// String implements target.Target.
func (s *S3) String() string { return s.shown }
