package dev.qanat.validate;

import dev.qanat.failure.Code;
import dev.qanat.pipeline.BoundedMatch;
import java.util.regex.Pattern;

/** A pattern that the whole of a value must match, as {@link BoundedMatch} has it. */
final class WholeMatch {
    private final Pattern pattern;
    private final Misfit otherwise;
    private final Misfit endless;

    WholeMatch(Pattern pattern) {
        this.pattern = pattern;
        String shown = Shown.text(pattern.pattern(), Shown.LENGTH);
        otherwise = new Misfit(Code.PATTERN_MISMATCH, "does not match " + shown);
        endless = new Misfit(Code.PATTERN_MISMATCH, "takes too many steps to match against " + shown);
    }

    void check(String value) throws Misfit {
        switch (BoundedMatch.of(pattern, value)) {
            case MATCHES -> {}
            case DIFFERS -> throw otherwise;
            case ENDLESS -> throw endless;
        }
    }
}
