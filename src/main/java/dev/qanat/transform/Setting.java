package dev.qanat.transform;

import dev.qanat.transform.jinja.Place;

/** A value of a node's configuration, and where it was given. */
record Setting(Object value, Place place) {}
