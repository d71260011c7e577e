
{{ exceptions.raise_compiler_error('no such day') }}
