# A relying party of Ruby's openid_connect. See relying_party.py for what it reads and prints.
#
#   openid_connect.rb ISSUER CLIENT_ID CLIENT_SECRET REDIRECT_URI METHOD

require 'base64'
require 'digest'
require 'json'
require 'openid_connect'
require 'securerandom'

issuer, id, secret, redirect_uri, method = ARGV
# The library asks for metadata by https; the server of the tests is on loopback.
SWD.url_builder = URI::HTTP

provider = OpenIDConnect::Discovery::Provider::Config.discover!(issuer)
client = OpenIDConnect::Client.new(
  identifier: id, secret: secret, redirect_uri: redirect_uri,
  authorization_endpoint: provider.authorization_endpoint,
  token_endpoint: provider.token_endpoint,
  userinfo_endpoint: provider.userinfo_endpoint
)
state, nonce, verifier = Array.new(3) { SecureRandom.urlsafe_base64(32) }
puts client.authorization_uri(
  scope: %i[openid profile offline_access], state: state, nonce: nonce,
  code_challenge: Base64.urlsafe_encode64(Digest::SHA256.digest(verifier), padding: false),
  code_challenge_method: 'S256'
)
$stdout.flush

answer = URI.decode_www_form(URI.parse($stdin.gets.strip).query).to_h
raise "another state: #{answer}" unless answer['state'] == state

client.authorization_code = answer['code']
token = client.access_token!(method.to_sym, code_verifier: verifier)
read = ->(text) { OpenIDConnect::ResponseObject::IdToken.decode(text, provider.jwks) }
id_token = read.(token.id_token)
id_token.verify!(issuer: provider.issuer, client_id: id, nonce: nonce)
userinfo = token.userinfo!.raw_attributes

client.refresh_token = token.refresh_token
refreshed = client.access_token!(method.to_sym)
puts JSON.generate(
  id_token: token.id_token, claims: id_token.raw_attributes, userinfo: userinfo,
  refreshed: { rotated: refreshed.refresh_token != token.refresh_token, sub: read.(refreshed.id_token).sub }
)
