# How people get an account by themselves, and a code by mail.

## Accepting an invitation

invitation-title = Make your account
invitation-lead = You are invited.
invitation-for = Your account will have the address { $email }.
invitation-passkey-hint = With a passkey you sign in by your fingerprint, your face or your device's PIN. There is nothing to remember.
invitation-passkey = Continue with a passkey
invitation-or-password = or with a password
invitation-passkey-made = Your passkey is made. Correct what is above, and your account is ready.
invitation-dead = This link was used already, is too old, or was withdrawn.
invitation-dead-fix = If you have made your account, sign in. If not, ask for another link.

## Signing up by mail

sign-up-mail-hint = You get a mail with a link that goes on.
sign-up-sent-title = Look at your mail
sign-up-sent = We sent a mail to { $email }. It says how to go on.
sign-up-sent-nothing = Nothing there? Look among the unwanted mail, or check the address.
sign-up-sent-again = Try another address

## A code by mail

code-send = Send me a code by mail
code-whose = The code goes to the confirmed address of this account.
code-title = Enter your code
code-sent = If there is an account { $account } with a confirmed address, a code is on its way there. It works for ten minutes, in this browser.
code-label = Code
code-hint = Eight digits, from the mail.
code-wrong = That code is not right, or does not work any more. Check it, or ask for another one.
code-another-way = Sign in another way
code-off = This server mails no codes.
code-dead = This link was used already, or is too old.
code-dead-fix = Ask for another code where you sign in.
code-elsewhere-title = Enter this code in the other browser
code-elsewhere = You opened the link in another browser than the one where you asked for it. Enter this code there:
code-elsewhere-not-you = Give this code to nobody. Did you not ask for it? Then close this page: nothing happens.
method-mailed-code = code by mail

## Mails

mail-invitation-by-nobody = You are invited to make an account at { $site }.
mail-sign-up-subject = Make your account at { $site }
mail-sign-up-text = This address was given to make an account at { $site }. Go on with this button.
mail-sign-up-button = Make my account
mail-sign-up-ignore = If it was not you, ignore this message: without you, nothing happens.
mail-exists-subject = You have an account at { $site } already
mail-exists-text = This address was given to make an account at { $site }, and it has one: { $account }.
mail-exists-button = Sign in
mail-exists-ignore = If it was not you, ignore this message: nothing was changed.
