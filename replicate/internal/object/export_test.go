// SPDX-License-Identifier: Apache-2.0

package object

// EncodeVersion2 returns an object as a later version may write it.
func EncodeVersion2(name string) ([]byte, error) {
	out := append([]byte{'L', 'S', 'M', 'R', 2, byte(KindBase), 0, 0}, "what nobody knows yet"...)
	return WithSum(name, append(out, make([]byte, sumBytes)...)), nil
}

// WithSum returns an object with the sum that its bytes have.
func WithSum(name string, data []byte) []byte {
	if len(data) < sumBytes {
		return data
	}
	body := data[:len(data)-sumBytes]
	sum := sumOf(name, body)
	return append(append([]byte(nil), body...), sum[:]...)
}
