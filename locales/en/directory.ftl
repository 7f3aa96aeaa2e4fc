# Applications behind a proxy, and the directory of an organisation.

forward-auth-group = Your account is not among those that may use this application.
forward-auth-group-fix = Ask whoever runs it to let you in, or sign out and sign in with another account.
forward-auth-level = This application asks for a surer way to sign in than your account has.
forward-auth-level-fix = Set one up on your account’s page under “How you sign in”, then come back.
login-directory-silent = The directory that knows your password does not answer at the moment. Please try again in a few minutes.
password-of-directory = The password of this account is kept by your organisation’s directory.
password-of-directory-fix = Change it where you change it for everything else.
