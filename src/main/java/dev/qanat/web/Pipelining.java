package dev.qanat.web;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.quarkus.vertx.http.runtime.filters.Filters;
import io.vertx.core.http.impl.Http1xServerConnection;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/**
 * Requests that a client sends before it has the answer to the first: HTTP/1.1 allows them, and Vert.x keeps them all. Of a connection that
 * has {@value #MOST} of them waiting, nothing more is read, and it is closed.
 */
@Singleton
final class Pipelining {

    private static final int BEFORE_ALL = 50_000;
    private static final int MOST = 128;
    private static final String HANDLER = "handler";
    private static final String NAME = "qanat-pipelining";

    void look(@Observes Filters filters) {
        filters.register(Pipelining::watch, BEFORE_ALL);
    }

    private static void watch(RoutingContext exchange) {
        if (exchange.request().connection() instanceof Http1xServerConnection connection) {
            ChannelPipeline pipeline = connection.channel().pipeline();
            if (pipeline.get(NAME) == null && pipeline.get(HANDLER) != null) {
                pipeline.addBefore(HANDLER, NAME, new Waiting());
            }
        }
        exchange.next();
    }

    /** Those of one connection, whose event loop alone uses this. */
    private static final class Waiting extends ChannelDuplexHandler {
        private int waiting = 1;

        @Override
        public void channelRead(ChannelHandlerContext channel, Object message) throws Exception {
            if (message instanceof HttpRequest) {
                waiting++;
            }
            if (waiting > MOST) {
                ReferenceCountUtil.release(message);
                channel.close();
            } else {
                super.channelRead(channel, message);
            }
        }

        @Override
        public void write(ChannelHandlerContext channel, Object message, ChannelPromise promise) throws Exception {
            if (message instanceof LastHttpContent) {
                waiting = Math.max(0, waiting - 1);
            }
            super.write(channel, message, promise);
        }
    }
}
