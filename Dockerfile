# The program on Debian 12, without LibTorch: docker build -t exactloss . && docker run --rm -v "$PWD:/work" exactloss \
#   audit --gate --loss huber --subject 'exec:python3 host.py'
FROM debian:12-slim AS build
COPY . /source
RUN /source/dev install /opt/exactloss

FROM debian:12-slim
# Debian keeps no older versions to pin:
# hadolint ignore=DL3008
RUN apt-get update \
  && apt-get install -y --no-install-recommends libfmt9 libhwy1 libmpfr6 libpugixml1v5 python3 \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/exactloss /opt/exactloss
ENV PATH=/opt/exactloss/bin:$PATH
RUN useradd --create-home --uid 1000 exactloss
USER 1000
WORKDIR /work
ENTRYPOINT ["exactloss"]
