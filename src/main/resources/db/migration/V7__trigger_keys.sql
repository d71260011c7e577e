-- Keys of triggers are taken and used in one transaction: one without runs was left by a process that died in between.

DELETE FROM trigger_key WHERE runs = '{}';
