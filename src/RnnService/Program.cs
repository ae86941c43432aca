using RnnService;
using RnnService.Datasets;
using RnnService.Http;
using RnnService.Storage;

try
{
    var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
    var options = Settings.Read(builder.Configuration);
    ListenAddresses.Choose(builder, options);

    builder.Services.AddSingleton(options);
    builder.Services.AddSingleton(options.Limits);
    builder.Services.AddStorage(Settings.Location(options, builder.Configuration));
    builder.AddHttpConventions(options);
    builder.Services.AddSwagger(options);
    builder.Services.AddDatasets();

    await using var app = builder.Build();
    app.UseHttpConventions();
    app.UseSwaggerPage();
    app.MapHealth();
    app.MapDatasets(options.Limits);

    await app.ServeAsync();
    return 0;
}
catch (StartupException refusal)
{
    await Console.Error.WriteLineAsync(refusal.Message);
    return 1;
}
