# The words of mails. Every language has the same keys with the same variables. `$site` is this server's host,
# `$account` a user name.

## What stands in all of them

mail-copy-link = If the button does nothing, copy this address into your browser:
mail-footer = This message was sent automatically by { $site }. Replies are not read.
mail-works-minutes = It works once, for { $count ->
        [one] one minute
       *[other] { $count } minutes
    }.
mail-works-hours = It works once, for { $count ->
        [one] one hour
       *[other] { $count } hours
    }.
mail-works-days = It works once, for { $count ->
        [one] one day
       *[other] { $count } days
    }.
mail-time = Time
mail-device = Device
mail-address = IP address

## Confirming an address

mail-verify-subject = Confirm your e-mail address for { $site }
mail-verify-text = This address was given for the account { $account } at { $site }. If that is your account, confirm that the address is yours.
mail-verify-button = Confirm this address
mail-verify-ignore = If you do not know this account, ignore this message: without you, nothing happens.

## A forgotten password

mail-reset-subject = Choose a new password for { $site }
mail-reset-text = Somebody asked for a new password for your account { $account } at { $site }.
mail-reset-button = Choose a new password
mail-reset-ignore = If it was not you, ignore this message: your password stays as it is.

## A code and a link to sign in with

mail-code-subject = Your code to sign in to { $site }
mail-code-text = Enter this code to sign in to { $site }:
mail-code-link = Or sign in with this button, in the browser that you asked from.
mail-code-button = Sign in
mail-code-ignore = Tell this code to nobody: whoever asks you for it wants into your account. If you did not ask for it, ignore this message.

## The password was changed

mail-password-subject = Your password for { $site } was changed
mail-password-text = The password of your account { $account } at { $site } was changed.
mail-password-not-you = If it was not you, somebody else has your account. Choose a new password at once.
mail-password-button = Choose a new password

## A passkey was added

mail-passkey-subject = A passkey was added to your account at { $site }
mail-passkey-text = The passkey “{ $passkey }” was added to your account { $account } at { $site }. Whoever has it can sign in.
mail-passkey-not-you = If it was not you, somebody else has your account. Remove the passkey and change your password at once.
mail-passkey-button = Look at my account

## An invitation

mail-invitation-subject = You are invited to { $site }
mail-invitation-text = { $inviter } invites you to make an account at { $site }.
mail-invitation-button = Accept the invitation
mail-invitation-ignore = If you do not know who that is, ignore this message.

## A sign-in on a new device

mail-sign-in-subject = New sign-in to your account at { $site }
mail-sign-in-text = Your account { $account } at { $site } was signed in to on a device that is new to us.
mail-sign-in-you = If it was you, there is nothing to do.
mail-sign-in-not-you = If it was not you, somebody else knows your password. Sign that device out and change your password at once.
mail-sign-in-button = Look at my account

## How somebody signs in was changed

mail-app-added-subject = An authenticator app was set up for your account at { $site }
mail-app-added-text = Signing in to your account { $account } at { $site } now asks for a code from an authenticator app that was just set up. There are new recovery codes, too.
mail-app-removed-subject = The authenticator app of your account at { $site } was turned off
mail-app-removed-text = Your account { $account } at { $site } has no authenticator app any more, and its recovery codes no longer work.
mail-codes-made-subject = New recovery codes for your account at { $site }
mail-codes-made-text = New recovery codes were made for your account { $account } at { $site }. The old ones no longer work.
mail-code-used-subject = A recovery code of your account at { $site } was used
mail-code-used-text = A recovery code was used to sign in to your account { $account } at { $site } in place of the authenticator app.
mail-passkey-removed-subject = A passkey was removed from your account at { $site }
mail-passkey-removed-text = The passkey “{ $passkey }” was removed from your account { $account } at { $site }.
mail-linked-subject = Your account at { $site } was linked with { $provider }
mail-linked-text = The account “{ $label }” at { $provider } was linked with your account { $account } at { $site }. Whoever has it can sign in.
mail-unlinked-subject = Your account at { $site } is no longer linked with { $provider }
mail-unlinked-text = The account “{ $label }” at { $provider } no longer signs in to your account { $account } at { $site }.
mail-change-not-you = If it was you, there is nothing to do. If it was not, somebody else has your account: undo the change and change your password at once.

## A wrong second step, and the end of an account

mail-second-refused-subject = A sign-in to your account at { $site } stopped at the second step
mail-second-refused-text = The right password was entered for your account { $account } at { $site }, and then a wrong code. Nobody was signed in.
mail-second-refused-not-you = If it was not you, somebody else knows your password. Choose a new one at once.
mail-deleted-subject = Your account at { $site } was deleted
mail-deleted-text = Your account { $account } at { $site } was deleted. This is the last message about it.
mail-deleted-not-you = If you did not want this, tell the operator at once.
mail-deleted-button = Go to { $site }
