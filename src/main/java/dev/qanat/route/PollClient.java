package dev.qanat.route;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Named;
import jakarta.inject.Singleton;
import java.util.concurrent.ExecutorService;
import org.apache.camel.CamelContext;
import org.apache.camel.component.http.HttpClientConfigurer;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.ChainElement;
import org.apache.hc.client5.http.impl.io.ManagedHttpClientConnectionFactory;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.io.HttpClientConnectionManager;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;

/** What the routes that poll send their requests with. */
@ApplicationScoped
public class PollClient {

    /** Connections to one host, and to all. */
    private static final int MOST_OF_HOST = 64;

    private static final int MOST = 512;

    /** A connection is made in this time or not at all: a run that is to stop does not wait for it. */
    private static final Timeout CONNECT = Timeout.ofSeconds(4);

    /** So that a host's new addresses are asked for some time. */
    private static final TimeValue LONGEST_USE = TimeValue.ofMinutes(10);

    /** Of the head of an answer, in characters. */
    private static final int LONGEST_LINE = 65_536;

    private static final int MOST_HEADERS = 1_000;

    private final CamelContext camel;
    private final PublicAddresses addresses;

    PollClient(CamelContext camel, PublicAddresses addresses) {
        this.camel = camel;
        this.addresses = addresses;
    }

    /** Redirects, cookies, repetition and unpacking are the business of whoever asks. */
    @Produces
    @Dependent
    @Named("pollClient")
    HttpClientConfigurer client() {
        return builder -> builder.addExecInterceptorBefore(ChainElement.MAIN_TRANSPORT.name(), "in-flight", new InFlight())
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableCookieManagement()
                .disableAuthCaching()
                .disableContentCompression()
                .setConnectionManagerShared(true);
    }

    @Produces
    @Singleton
    @Named("pollConnections")
    HttpClientConnectionManager connections() {
        Http1Config heads = Http1Config.custom().setMaxLineLength(LONGEST_LINE).setMaxHeaderCount(MOST_HEADERS).build();
        return PoolingHttpClientConnectionManagerBuilder.create()
                .setConnectionFactory(ManagedHttpClientConnectionFactory.builder().http1Config(heads).build())
                .setDnsResolver(addresses)
                .setDefaultConnectionConfig(
                        ConnectionConfig.custom().setConnectTimeout(CONNECT).setTimeToLive(LONGEST_USE).build())
                .setMaxConnPerRoute(MOST_OF_HOST)
                .setMaxConnTotal(MOST)
                .build();
    }

    /** The threads that fetch resources, which wait for their partitions. */
    @Produces
    @ApplicationScoped
    @Named("pollThreads")
    ExecutorService threads() {
        return camel.getExecutorServiceManager().newCachedThreadPool(this, "polls");
    }
}
