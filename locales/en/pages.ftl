# The words of the pages that users see. Every language has the same keys with the same variables; a test compares them.
# Administration and protocol errors are in English everywhere.

## The frame of every page

language = Language
skip-to-content = Skip to the content
main-navigation = Main
account-link = Account
administration-link = Administration
sign-out = Sign out
continue = Continue

## Forms

username = Username
email = E-mail
name = Name
password = Password
optional = optional
password-hint = Long is better than complicated: a few unrelated words do well.
form-mistakes = Please correct this and try again:
mistake-username = A user name has 1 to 64 of: letters, digits and . _ - +
mistake-email = An e-mail address looks like name@example.com, in ASCII, 254 characters at most.
mistake-name = A name has 1 to 128 characters, without control or direction characters.
mistake-password = A password has 8 to 1024 characters.
username-taken = This user name is already in use.
email-taken = This e-mail address is already in use.
too-many-attempts = Too many attempts. Please wait { $wait }, then try again.
server-busy = The server is busy. Please try again in a moment.

## Signing in

login-title = Sign in
login-choose = Choose an account
login-to-application = to continue to { $app }
login-to-account = to your account
login-continue-as = Continue as { $account }
login-or-another = or with another account
login-username = Username or e-mail
login-remember = Remember this device
login-remember-hint = Leave this off if others use it too.
login-new-here = New here? { $link }
login-wrong = That username and password do not go together. Check both and try again.
login-busy = Many people are signing in right now. Please try again in a moment.

## Making an account

sign-up-title = Create an account
sign-up-submit = Create account
sign-up-have-account = Have an account already? { $link }

## What is said of an application

app-unverified = This application registered itself. Nobody here has checked its name and links. Go on only if you expect to end up at { $host }.
app-next = Next, you go to { $host }
app-about = About { $app }
app-website = Website
app-privacy = Privacy
app-terms = Terms

## Consent

consent-title = Allow { $app }?
consent-heading = Allow { $app } to use your account?
signed-in-as = You are signed in as { $account }.
consent-not-you = Not you?
consent-able = It will be able to
consent-allow = Allow
consent-deny = Don’t allow
consent-take-back = You can take this back at any time on your { $link }.
consent-account-page = account page

## What scopes allow; the first ones continue “It will be able to”

scope-openid = Know that it is you
scope-openid-more = It gets an identifier for your account, and when and how you signed in.
scope-profile = See your profile
scope-profile-more = Your name, username and the other details of your profile.
scope-email = See your e-mail address
scope-email-more = And whether the address is confirmed.
scope-address = See your postal address
scope-address-more = The postal address in your profile.
scope-phone = See your phone number
scope-phone-more = And whether the number is confirmed.
scope-offline = Stay connected
scope-offline-more = It keeps its access while you are not using it, until you withdraw it.
scope-other = Use “{ $scope }”
scope-other-more = A permission that the application and its service define.

## Devices, and ways to sign in

device-browser-on-system = { $browser } on { $system }
device-unknown = Unknown device
method-password = password
list-separator = ,{" "}
method-one-time-code = one-time code
method-security-key = security key
method-two-steps = two steps

## Times

date-time = { $day } { $month ->
    [1] Jan
    [2] Feb
    [3] Mar
    [4] Apr
    [5] May
    [6] Jun
    [7] Jul
    [8] Aug
    [9] Sep
    [10] Oct
    [11] Nov
   *[12] Dec
} { $year }, { $time } UTC
date-unknown = at an unknown time
ago-now = just now
ago-minutes = { $count ->
    [one] 1 minute ago
   *[other] { $count } minutes ago
}
ago-hours = { $count ->
    [one] 1 hour ago
   *[other] { $count } hours ago
}
duration-seconds = { $count ->
    [one] 1 second
   *[other] { $count } seconds
}
duration-minutes = { $count ->
    [one] 1 minute
   *[other] { $count } minutes
}
duration-hours = { $count ->
    [one] 1 hour
   *[other] { $count } hours
}

## One's own account

account-title = Your account
account-devices = Where you are signed in
account-devices-hint = If you do not recognise a device, sign it out and change your password.
account-sign-out-device = Sign out { $device }
account-this-device = This device
session-last-used = Last used { $when }
session-signed-in = Signed in { $when } from { $ip }
session-signed-in-with = Signed in { $when } from { $ip } with { $methods }
session-ends = ends { $when }
account-sign-out-others = Sign out all other devices
account-sign-out-others-hint = Every device but this one will have to sign in again.
account-sign-out-others-submit = Sign out the others
account-apps = Applications with access
account-apps-hint = What you have allowed, and how to take it back.
account-no-apps = None yet. When you sign in to an application with this account, it is listed here.
account-app-since = Since { $when }
account-app-open = Open
account-app-open-name = Open { $app }
account-app-remove = Remove access
account-app-remove-name = Remove access of { $app }
account-app-remove-hint = It stops at once. The next time you use { $app }, it has to ask you again.
account-change-password = Change password
account-current-password = Current password
account-new-password = New password
account-wrong-password = The current password is not right. Nothing was changed.
account-password-too-short = The new password is too short. Use at least { $count ->
    [one] 1 character
   *[other] { $count } characters
}.
account-password-too-long = The new password is too long. Use at most { $count ->
    [one] 1 character
   *[other] { $count } characters
}.
notice-session-ended = That device is signed out.
notice-others-ended = All your other devices are signed out.
notice-app-revoked = The application no longer has access to your account.
notice-password-changed = Your password is changed. All your other devices are signed out.

## Signing out

logout-title = Sign out
logout-question = Sign out?
logout-asked-by = { $app } asks to sign you out of { $product }.
logout-here = This signs you out of { $product } on this device.
logout-stay = Stay signed in
signed-out-title = Signed out
signed-out-heading = You are signed out
signed-out-hint = If others use this device too, close the browser as well.
signed-out-back = Back to { $app }
signed-out-again = Sign in again
signing-out-title = Signing out
signing-out-apps = { $count ->
    [one] One application is being signed out too:
   *[other] These applications are being signed out too:
}
signing-out-frame = Signs out of { $app }

## On the way back to an application

form-post-title = Back to { $host }
form-post-heading = Going back to { $host }
form-post-moment = This takes a moment.

## The first administrator

setup-title = Set up
setup-heading = Create the administrator
setup-lead = This account looks after applications and users. The link that brought you here works only once.
setup-submit = Create administrator
setup-done-title = Ready
setup-done-heading = { $product } is ready
setup-done-lead = { $account } is the administrator. Next, register the first application.
setup-done-register = Register an application
setup-done-look = Look around first
