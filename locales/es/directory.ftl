# Applications behind a proxy, and the directory of an organisation.

forward-auth-group = Su cuenta no está entre las que pueden usar esta aplicación.
forward-auth-group-fix = Pida acceso a sus responsables, o cierre la sesión e iníciela con otra cuenta.
forward-auth-level = Esta aplicación pide una forma de iniciar sesión más segura que la que tiene su cuenta.
forward-auth-level-fix = Configure una en la página de su cuenta y vuelva después.
login-directory-silent = El directorio que conoce su contraseña no responde en este momento. Inténtelo de nuevo en unos minutos.
password-of-directory = La contraseña de esta cuenta la gestiona el directorio de su organización.
password-of-directory-fix = Cámbiela donde la cambia para todo lo demás.
