# Devices without a browser, which a person connects by a code.

device-title = Connect a device
device-code = Code
device-code-hint = The eight letters that the device shows, such as
device-never-sent = Type only a code from a device in front of you. Nobody has a reason to send you one.
device-malformed = A code has eight letters. Compare what you typed with what the device shows.
device-not-waiting = No device waits for this code, or not any more: a code is good for ten minutes, and once. Compare it with what the device shows, or have the device show a new one.
device-allow-title = Let { $app } sign in on a device?
device-compare = Does the device in front of you show this code?
device-phishing = Somebody sent you the code, or a link to this page? Then do not allow it: they would get into your account.
device-unverified = This application registered itself. Nobody here has checked its name and links. Go on only if you chose it yourself.
device-allowed-title = Your device is connected
device-allowed = You can go back to your device. { $app } goes on there in a few seconds.
device-denied-title = Your device is not connected
device-denied = { $app } was told that you do not allow it.
device-close = You can close this page.
activity-device-allowed = A device was let into { $app }
activity-device-denied = A device was kept out of { $app }
