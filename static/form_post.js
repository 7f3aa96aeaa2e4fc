// The page of Form Post Response Mode: its form goes on by itself.
document.getElementById('form-post').submit();
