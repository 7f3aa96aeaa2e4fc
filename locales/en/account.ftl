# What people see and do in their own account, beyond how they sign in.
tab-overview = Overview
tab-profile = Profile

## The profile
profile-title = Your profile
profile-hint = Applications that you allow to see your profile get what stands here. Everything may be left empty.
profile-names = What you sign in with
profile-username-hint = Applications may know you by it, so only an administrator can change it.
profile-change-email = Change address
profile-confirmed = confirmed
profile-unconfirmed = not confirmed
profile-about = About you
profile-full-name = Full name
profile-postal = Postal address
claim-given-names = Given names
claim-middle-names = Middle names
claim-family-names = Family names
claim-nickname = Nickname
claim-phone = Phone
claim-birthdate = Date of birth
claim-gender = Gender
claim-locale = Preferred language
claim-time-zone = Time zone
claim-picture = Address of a picture
claim-profile = Address of a profile page
claim-website = Website
claim-street = Street
claim-formatted = Address as on a letter
claim-postal-code = Postal code
claim-city = City
claim-region = State or region
claim-country = Country
mistake-claim = “{ $field }” is too long, or not in the form that is asked for.
notice-profile-saved = Your profile is saved.

## Another e-mail address
address-title = Change e-mail address
address-lead = You sign in with the new address from now on, and mail goes there. It counts as not confirmed.
address-lead-mailed = We send a mail to the new address. It takes the place of the old one once you open that mail’s link here; until then nothing changes.
profile-address-waits = { $email } waits to be confirmed: open the link of the mail that went there.
address-told = { $email } is told of the change.
address-new = New e-mail address
address-of-directory = The address of this account is kept by your organisation’s directory.
notice-address-changed = Your e-mail address is changed.
mail-moved-subject = The e-mail address of your account at { $site } was changed
mail-moved-text = Your account { $account } at { $site } has another e-mail address now. Nothing about it goes to this one any more.
mail-moved-not-you = If it was not you, somebody else has your account. Sign in with your user name, change your password and set your address back, at once. If you cannot, tell the operator.

## What happened lately
activity-title = Recent activity
activity-hint = If there is something that you did not do, change your password and sign out all other devices.
activity-by-administrator = by an administrator
activity-signed-in = Signed in
activity-signed-out = Signed out
activity-device-signed-out = A device was signed out
activity-sign-in-refused = A sign-in failed
activity-others-signed-out = Devices were signed out
activity-account-made = Account created
activity-profile-changed = Profile changed
activity-address-changed = E-mail address changed
activity-address-confirmed = E-mail address confirmed
activity-password-changed = Password changed
activity-app-allowed = { $app } was given access
activity-app-removed = Access of { $app } was removed
activity-authenticator-added = Authenticator app set up
activity-authenticator-removed = Authenticator app turned off
activity-passkey-added = Passkey added
activity-passkey-removed = Passkey removed
activity-codes-made = New recovery codes made
activity-account-linked = An account elsewhere was linked
activity-account-unlinked = An account elsewhere was unlinked
activity-other = Something else: { $action }

## Taking one's data along, and leaving
data-title = Your data
data-download = Download your data
data-download-hint = Everything that this server keeps about you, as a JSON file. Passwords and keys are not in it.
delete-title = Delete your account
delete-hint = You are signed out everywhere, and every application loses its access at once. This cannot be undone.
delete-confirm = To go on, type your user name: { $username }
delete-submit = Delete my account for good
delete-wrong = That is not your user name. Nothing was deleted.
delete-last-administrator = You are the only administrator of this server. Make somebody else one first.
deleted-title = Your account is deleted
deleted-lead = Applications that you used may still keep what they know about you. Ask them.
