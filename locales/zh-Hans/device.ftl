# Devices without a browser, which a person connects by a code.

device-title = 连接设备
device-code = 设备代码
device-code-hint = 设备上显示的八个字母，例如
device-never-sent = 只输入您面前的设备上显示的代码。没有人有理由把代码发给您。
device-malformed = 代码由八个字母组成。请与设备上显示的内容核对。
device-not-waiting = 没有设备在等待此代码，或者已不再等待：代码在十分钟内有效，且只能使用一次。请与设备上显示的内容核对，或让设备显示新的代码。
device-allow-title = 允许在设备上登录 { $app }？
device-compare = 您面前的设备是否显示此代码？
device-phishing = 是别人把代码或此页面的链接发给您的吗？那就不要允许，否则对方会进入您的账号。
device-unverified = 此应用是自行注册的，其名称和链接未经任何人核实。只有当它是您自己选择的应用时才继续。
device-allowed-title = 设备已连接
device-allowed = 您可以回到设备了。{ $app } 会在几秒钟后继续。
device-denied-title = 设备未连接
device-denied = { $app } 会得知您不允许。
device-close = 您可以关闭此页面。
activity-device-allowed = 已允许一台设备登录 { $app }
activity-device-denied = 已拒绝一台设备登录 { $app }
