# Tratamiento: usted. «Aplicación» es donde se inicia sesión; «dispositivo», desde donde.

## The frame of every page

language = Idioma
skip-to-content = Ir al contenido
main-navigation = Navegación principal
account-link = Cuenta
administration-link = Administración
sign-out = Cerrar sesión
continue = Continuar

## Forms

username = Nombre de usuario
email = Correo electrónico
name = Nombre
password = Contraseña
optional = opcional
password-hint = Mejor larga que complicada: bastan unas cuantas palabras sin relación entre sí.
form-mistakes = Corrija lo siguiente e inténtelo de nuevo:
mistake-username = Un nombre de usuario tiene de 1 a 64 caracteres: letras sin tilde, cifras y . _ - +
mistake-email = Una dirección de correo es como name@example.com, en ASCII y con 254 caracteres como máximo.
mistake-name = Un nombre tiene de 1 a 128 caracteres, sin caracteres de control ni de dirección.
mistake-password = Una contraseña tiene de 8 a 1024 caracteres.
username-taken = Este nombre de usuario ya está en uso.
email-taken = Esta dirección de correo ya está en uso.
too-many-attempts = Demasiados intentos. Espere { $wait } e inténtelo de nuevo.
server-busy = El servidor está ocupado. Inténtelo de nuevo en un momento.

## Signing in

login-title = Iniciar sesión
login-choose = Elegir una cuenta
login-to-application = para continuar a { $app }
login-to-account = en su cuenta
login-continue-as = Continuar como { $account }
login-or-another = o con otra cuenta
login-username = Nombre de usuario o correo electrónico
login-remember = Recordar este dispositivo
login-remember-hint = No lo marque si otras personas también lo usan.
login-new-here = ¿Es su primera vez aquí? { $link }
login-wrong = Ese nombre de usuario y esa contraseña no coinciden. Revise ambos e inténtelo de nuevo.
login-busy = Muchas personas están iniciando sesión ahora mismo. Inténtelo de nuevo en un momento.

## Making an account

sign-up-title = Crear una cuenta
sign-up-submit = Crear cuenta
sign-up-have-account = ¿Ya tiene una cuenta? { $link }

## What is said of an application

app-unverified = Esta aplicación se registró por sí misma. Nadie aquí ha comprobado su nombre ni sus enlaces. Continúe solo si espera llegar a { $host }.
app-next = Después irá a { $host }
app-about = Acerca de { $app }
app-website = Sitio web
app-privacy = Privacidad
app-terms = Condiciones

## Consent

consent-title = ¿Permitir { $app }?
consent-heading = ¿Permitir que { $app } use su cuenta?
signed-in-as = Ha iniciado sesión como { $account }.
consent-not-you = ¿No es usted?
consent-able = La aplicación podrá
consent-allow = Permitir
consent-deny = No permitir
consent-take-back = Puede retirar este permiso en cualquier momento en la { $link }.
consent-account-page = página de su cuenta

## What scopes allow; the first ones continue “It will be able to”

scope-openid = Saber que es usted
scope-openid-more = Recibe un identificador de su cuenta y sabe cuándo y cómo inició sesión.
scope-profile = Ver su perfil
scope-profile-more = Su nombre, su nombre de usuario y los demás datos de su perfil.
scope-email = Ver su correo electrónico
scope-email-more = Y si la dirección está confirmada.
scope-address = Ver su dirección postal
scope-address-more = La dirección postal de su perfil.
scope-phone = Ver su número de teléfono
scope-phone-more = Y si el número está confirmado.
scope-offline = Seguir conectada
scope-offline-more = Conserva el acceso aunque usted no la esté usando, hasta que lo retire.
scope-other = Usar «{ $scope }»
scope-other-more = Un permiso que definen la aplicación y su servicio.

## Devices, and ways to sign in

device-browser-on-system = { $browser } en { $system }
device-unknown = Dispositivo desconocido
method-password = contraseña
list-separator = ,{" "}
method-one-time-code = código de un solo uso
method-security-key = llave de seguridad
method-two-steps = dos pasos

## Times

date-time = { $day } { $month ->
    [1] ene
    [2] feb
    [3] mar
    [4] abr
    [5] may
    [6] jun
    [7] jul
    [8] ago
    [9] sept
    [10] oct
    [11] nov
   *[12] dic
} { $year }, { $time } UTC
date-unknown = en un momento desconocido
ago-now = ahora mismo
ago-minutes = { $count ->
    [one] hace 1 minuto
   *[other] hace { $count } minutos
}
ago-hours = { $count ->
    [one] hace 1 hora
   *[other] hace { $count } horas
}
duration-seconds = { $count ->
    [one] 1 segundo
   *[other] { $count } segundos
}
duration-minutes = { $count ->
    [one] 1 minuto
   *[other] { $count } minutos
}
duration-hours = { $count ->
    [one] 1 hora
   *[other] { $count } horas
}

## One's own account

account-title = Su cuenta
account-devices = Dónde tiene sesión iniciada
account-devices-hint = Si no reconoce un dispositivo, cierre su sesión y cambie la contraseña.
account-sign-out-device = Cerrar sesión: { $device }
account-this-device = Este dispositivo
session-last-used = Último uso: { $when }
session-signed-in = Inicio de sesión: { $when }, desde { $ip }
session-signed-in-with = Inicio de sesión: { $when }, desde { $ip } ({ $methods })
session-ends = termina: { $when }
account-sign-out-others = Cerrar sesión en los demás dispositivos
account-sign-out-others-hint = Habrá que iniciar sesión de nuevo en todos los dispositivos menos en este.
account-sign-out-others-submit = Cerrar las demás sesiones
account-apps = Aplicaciones con acceso
account-apps-hint = Lo que ha permitido y cómo retirarlo.
account-no-apps = Todavía ninguna. Cuando inicie sesión en una aplicación con esta cuenta, aparecerá aquí.
account-app-since = Desde: { $when }
account-app-open = Abrir
account-app-open-name = Abrir { $app }
account-app-remove = Retirar acceso
account-app-remove-name = Retirar acceso: { $app }
account-app-remove-hint = El acceso termina de inmediato. La próxima vez que use { $app }, tendrá que pedírselo de nuevo.
account-change-password = Cambiar contraseña
account-current-password = Contraseña actual
account-new-password = Contraseña nueva
account-wrong-password = La contraseña actual no es correcta. No se ha cambiado nada.
account-password-too-short = La contraseña nueva es demasiado corta. Use al menos { $count ->
    [one] 1 carácter
   *[other] { $count } caracteres
}.
account-password-too-long = La contraseña nueva es demasiado larga. Use como máximo { $count ->
    [one] 1 carácter
   *[other] { $count } caracteres
}.
notice-session-ended = Se ha cerrado la sesión en ese dispositivo.
notice-others-ended = Se ha cerrado la sesión en todos sus demás dispositivos.
notice-app-revoked = La aplicación ya no tiene acceso a su cuenta.
notice-password-changed = Su contraseña se ha cambiado. Se ha cerrado la sesión en todos sus demás dispositivos.

## Signing out

logout-title = Cerrar sesión
logout-question = ¿Cerrar sesión?
logout-asked-by = { $app } solicita cerrar su sesión en { $product }.
logout-here = Se cerrará su sesión de { $product } en este dispositivo.
logout-stay = Mantener la sesión
signed-out-title = Sesión cerrada
signed-out-heading = Ha cerrado la sesión
signed-out-hint = Si otras personas también usan este dispositivo, cierre además el navegador.
signed-out-back = Volver a { $app }
signed-out-again = Iniciar sesión de nuevo
signing-out-title = Cerrando sesión
signing-out-apps = { $count ->
    [one] También se está cerrando la sesión en una aplicación:
   *[other] También se está cerrando la sesión en estas aplicaciones:
}
signing-out-frame = Cierre de sesión en { $app }

## On the way back to an application

form-post-title = Volver a { $host }
form-post-heading = Volviendo a { $host }
form-post-moment = Solo tardará un momento.

## The first administrator

setup-title = Configuración
setup-heading = Crear la cuenta de administración
setup-lead = Esta cuenta gestiona aplicaciones y usuarios. El enlace que le trajo aquí solo funciona una vez.
setup-submit = Crear cuenta de administración
setup-done-title = Listo
setup-done-heading = { $product } está listo
setup-done-lead = { $account } administra este servidor. Ahora, registre la primera aplicación.
setup-done-register = Registrar una aplicación
setup-done-look = Echar antes un vistazo
