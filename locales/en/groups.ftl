# Groups, and what their members need to sign in with.

scope-groups = See the groups you are in
scope-groups-more = Their names, such as your team or department.

set-up-title = One thing to set up first
set-up-account = signed in as { $account }
set-up-two-factors = This sign-in needs a second way to prove who you are: an authenticator app, or a passkey. Your account is not set up for that yet.
set-up-passkey = This sign-in needs a passkey. Your account has none yet.
set-up-open = Set it up
set-up-back = It opens in another tab. When you are done, come back to this page and go on.
