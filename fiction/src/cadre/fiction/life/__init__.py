"""Several years of lives in the fictional county, written as a script and played on a system.

Read in this order: ``script`` (steps with ids, phases, lanes), ``fiction`` (who there is),
``chronicle`` (who is where while the script is written), ``year`` (what happens when; the modules
it calls tell one subject each), then ``stage`` (sends the script), ``facts`` (what is to be seen
afterwards) and ``telling`` (shows it).
"""
