package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

var errInvalidToken = errors.New("invalid_token")

type claims struct {
	Issuer    string `json:"iss"`
	Audience  string `json:"aud"`
	Subject   string `json:"sub"`
	IssuedAt  int64  `json:"iat"`
	NotBefore int64  `json:"nbf"`
	ExpiresAt int64  `json:"exp"`
}

// verify checks an HS256 token as createTeam does and returns its subject, which must be a UUID.
func verify(token, secret, issuer, audience string) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", errInvalidToken
	}
	encoding := base64.RawURLEncoding.Strict()
	var header struct {
		Algorithm string          `json:"alg"`
		Critical  json.RawMessage `json:"crit"`
	}
	bytes, err := encoding.DecodeString(parts[0])
	if err != nil || json.Unmarshal(bytes, &header) != nil || header.Algorithm != "HS256" || header.Critical != nil {
		return "", errInvalidToken
	}
	code := hmac.New(sha256.New, []byte(secret))
	code.Write([]byte(token[:len(parts[0])+1+len(parts[1])]))
	if bytes, err = encoding.DecodeString(parts[2]); err != nil || !hmac.Equal(bytes, code.Sum(nil)) {
		return "", errInvalidToken
	}
	var c claims
	if bytes, err = encoding.DecodeString(parts[1]); err != nil || json.Unmarshal(bytes, &c) != nil {
		return "", errInvalidToken
	}
	now := time.Now().Unix()
	if c.Issuer != issuer || c.Audience != audience || !isUUID(c.Subject) ||
		now+60 < c.NotBefore || now+60 < c.IssuedAt || c.ExpiresAt == 0 ||
		c.IssuedAt != 0 && c.ExpiresAt > c.IssuedAt+86400 || now >= c.ExpiresAt+60 {
		return "", errInvalidToken
	}
	return c.Subject, nil
}

func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := 0; i < 36; i++ {
		isHyphen := i == 8 || i == 13 || i == 18 || i == 23
		if isHyphen && text[i] != '-' || !isHyphen && !strings.ContainsRune("0123456789abcdefABCDEF", rune(text[i])) {
			return false
		}
	}
	return true
}
