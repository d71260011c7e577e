package dev.qanat.transform.jinja;

/** What a template may call: a function, a macro or a method. Threads: as many as the thing behind it bears. */
@FunctionalInterface
public interface Callable {

    /**
     * @return a value, never null; {@link None} where Python would give None
     * @throws TemplateFault when the arguments do not fit or somebody must change the template
     */
    Object call(Arguments arguments);
}
