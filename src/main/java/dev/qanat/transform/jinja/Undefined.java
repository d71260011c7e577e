package dev.qanat.transform.jinja;

/**
 * What a name stands for that nothing has given a value. It may be asked about ({@code is defined}, {@code default}, {@code if});
 * everything else with it is a fault that names it, since Jinja's empty text would become odd SQL.
 *
 * @param name as it is written in the template
 */
public record Undefined(String name) {

    TemplateFault fault() {
        return TemplateFault.unknown("'%s' is not defined".formatted(name));
    }
}
