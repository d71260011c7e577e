package dev.qanat.route;

import io.quarkus.runtime.annotations.RegisterForReflection;

/**
 * What libraries without an extension of Quarkus reach of themselves by a name, so that a native image has it: Caffeine the kinds of its
 * caches, Jinjava its syntax. {@code NativeConfigIT} finds what is missing here.
 */
@RegisterForReflection(
        classNames = {
            "com.github.benmanes.caffeine.cache.FS",
            "com.github.benmanes.caffeine.cache.PSAMS",
            "com.github.benmanes.caffeine.cache.PSMS",
            "com.github.benmanes.caffeine.cache.PSW",
            "com.github.benmanes.caffeine.cache.PSWMS",
            "com.github.benmanes.caffeine.cache.SSMS",
            "com.github.benmanes.caffeine.cache.SSMSA",
            "com.github.benmanes.caffeine.cache.SSMSW",
            "com.github.benmanes.caffeine.cache.SSW",
            "com.github.benmanes.caffeine.cache.WS",
            "com.hubspot.jinjava.el.ExtendedSyntaxBuilder",
            "com.hubspot.jinjava.el.ext.eager.EagerExtendedSyntaxBuilder",
            "jinjava.de.odysseus.el.tree.impl.Scanner",
        })
final class LibrariesByName {
    private LibrariesByName() {}
}
