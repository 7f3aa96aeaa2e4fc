# Devices without a browser, which a person connects by a code.

device-title = Conectar un dispositivo
device-code = Código del dispositivo
device-code-hint = Las ocho letras que muestra el dispositivo, por ejemplo
device-never-sent = Escriba solo el código de un dispositivo que tenga delante. Nadie tiene motivos para enviarle uno.
device-malformed = Un código tiene ocho letras. Compare lo que ha escrito con lo que muestra el dispositivo.
device-not-waiting = Ningún dispositivo espera este código, o ya no: un código vale diez minutos y una sola vez. Compárelo con lo que muestra el dispositivo, o haga que muestre uno nuevo.
device-allow-title = ¿Iniciar sesión en { $app } en un dispositivo?
device-compare = ¿El dispositivo que tiene delante muestra este código?
device-phishing = ¿Alguien le envió el código o un enlace a esta página? Entonces no lo permita: esa persona entraría en su cuenta.
device-unverified = Esta aplicación se registró por sí misma. Nadie aquí ha comprobado su nombre ni sus enlaces. Continúe solo si la eligió usted.
device-allowed-title = Su dispositivo está conectado
device-allowed = Puede volver a su dispositivo. { $app } continúa allí en unos segundos.
device-denied-title = Su dispositivo no está conectado
device-denied = { $app } recibe el aviso de que no lo permite.
device-close = Puede cerrar esta página.
activity-device-allowed = Se conectó un dispositivo a { $app }
activity-device-denied = Se rechazó un dispositivo para { $app }
