# syntax=docker/dockerfile:1
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
ARG TARGETARCH=amd64
WORKDIR /source
# Restored before the sources come, so that a change of code does not download the packages again.
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY src/Rnn/Rnn.csproj src/Rnn/
COPY src/RnnService/RnnService.csproj src/RnnService/
RUN dotnet restore src/RnnService/RnnService.csproj -a $TARGETARCH -p:PublishReadyToRun=true
COPY src/ src/
RUN dotnet publish src/RnnService/RnnService.csproj -c Release -a $TARGETARCH --no-restore -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app ./
# The image's own unprivileged user owns the one directory that is written.
RUN mkdir /data && chown "$APP_UID" /data
# In the environment, not on the command line, so that the health check asks the same address.
ENV RnnService__DataDirectory=/data ASPNETCORE_URLS=http://0.0.0.0:8080
USER $APP_UID
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=10s --start-period=20s --retries=3 CMD ["dotnet", "RnnService.dll", "healthcheck"]
ENTRYPOINT ["dotnet", "RnnService.dll"]
