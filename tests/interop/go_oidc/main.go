// A relying party of go-oidc and x/oauth2. See ../relying_party.py for what it reads and prints.
//
//	go_oidc ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI STYLE ALG
//	go_oidc ISSUER CLIENT_ID CLIENT_SECRET machine STYLE SCOPE
package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"

	oidc "github.com/coreos/go-oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

var styles = map[string]oauth2.AuthStyle{
	"header": oauth2.AuthStyleInHeader,
	"params": oauth2.AuthStyleInParams,
	"auto":   oauth2.AuthStyleAutoDetect,
}

type object = map[string]interface{}

func main() {
	issuer, id, secret, redirectURI, style, last := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, issuer)
	must(err)
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = styles[style]
	if redirectURI == "machine" {
		machine := clientcredentials.Config{
			ClientID: id, ClientSecret: secret, TokenURL: endpoint.TokenURL, AuthStyle: endpoint.AuthStyle, Scopes: []string{last},
		}
		token, err := machine.Token(ctx)
		must(err)
		tell(object{"token_type": token.TokenType, "scope": token.Extra("scope"), "refresh_token": token.RefreshToken})
		return
	}
	config := oauth2.Config{
		ClientID: id, ClientSecret: secret, Endpoint: endpoint, RedirectURL: redirectURI,
		Scopes: []string{oidc.ScopeOpenID, "profile", oidc.ScopeOfflineAccess},
	}
	state, nonce, verifier := random(), random(), random()
	hash := sha256.Sum256([]byte(verifier))
	fmt.Println(config.AuthCodeURL(state, oidc.Nonce(nonce),
		oauth2.SetAuthURLParam("code_challenge", base64.RawURLEncoding.EncodeToString(hash[:])),
		oauth2.SetAuthURLParam("code_challenge_method", "S256")))

	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	must(err)
	callback, err := url.Parse(strings.TrimSpace(line))
	must(err)
	if callback.Query().Get("state") != state {
		must(fmt.Errorf("another state: %s", callback))
	}
	token, err := config.Exchange(ctx, callback.Query().Get("code"), oauth2.SetAuthURLParam("code_verifier", verifier))
	must(err)
	verify := provider.Verifier(&oidc.Config{ClientID: id, SupportedSigningAlgs: []string{last}})
	raw := token.Extra("id_token").(string)
	idToken, err := verify.Verify(ctx, raw)
	must(err)
	must(idToken.VerifyAccessToken(token.AccessToken))
	if idToken.Nonce != nonce {
		must(fmt.Errorf("another nonce: %s", idToken.Nonce))
	}
	var claims, about object
	must(idToken.Claims(&claims))
	userInfo, err := provider.UserInfo(ctx, config.TokenSource(ctx, token))
	must(err)
	must(userInfo.Claims(&about))

	// Without an access token the source refreshes at once.
	refreshed, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
	must(err)
	again, err := verify.Verify(ctx, refreshed.Extra("id_token").(string))
	must(err)
	tell(object{
		"id_token": raw, "claims": claims, "userinfo": about,
		"refreshed": object{"rotated": refreshed.RefreshToken != token.RefreshToken, "sub": again.Subject},
	})
}

func random() string {
	bytes := make([]byte, 32)
	_, err := rand.Read(bytes)
	must(err)
	return base64.RawURLEncoding.EncodeToString(bytes)
}

func tell(what object) { must(json.NewEncoder(os.Stdout).Encode(what)) }

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
